"""Why a mutant of the accelerator around the array may survive the lists of the bench.

"Proved" means that no list of the bench comes there, and that the properties of the block in
`rtl/formal` speak of it; the proofs themselves are not run on the mutants.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bitsim.spec.array.dot import DotSpec
from bitsim.spec.link.axi4 import Axi4BusSpec
from tests.mutation.mutants import Mutant


def _always(array: DotSpec, bus: Axi4BusSpec) -> bool:
    return True


@dataclass(frozen=True)
class Reason:
    """For the mutants of a block whose text matches, on machines that match."""

    block: str
    text: str
    why: str
    machine: Callable[[DotSpec, Axi4BusSpec], bool] = _always


REASONS = (
    Reason(
        ".*_(queue|fifo)", r"bit \d+ (inverted|stuck at \d): assign \S+ *= (inner_)?level \+",
        "a bit above those that are kept",
    ),
    Reason(
        ".*_queue", r"missing reset.*\(level in reset",
        "the master behind it, in reset for four cycles, takes all that it holds",
    ),
    Reason(
        ".*_queue", r"w_rdy = level != 2'h2",
        "another queue was full whenever this one was; proved (queue.sv)",
    ),
    Reason(
        "results_port", r"missing reset.*\(pushed_before in reset",
        "a delay of one cycle, and the bench resets for four",
    ),
    Reason(
        ".*_fifo", r"bit \d+ stuck at \d: assign r_data",
        "a bit of a word that no beat uses",
        lambda array, bus: array.beat_bytes * array.columns // bus.weight_ports < bus.word_bytes,
    ),
    Reason(
        ".*_gearbox", r"constant one more: assign _\d+_ *= \{ \d+'h0+, words__payload",
        "a bit above those that are kept",
    ),
    Reason(
        ".*_master", r"\(transferred in reset",
        "each list begins with all counters at 0, whatever reset left in them",
    ),
    Reason(
        ".*_master", r"\(axi__a[rw]addr in reset",
        "an address means nothing while none is offered",
    ),
    Reason(
        ".*_master", r"missing reset.*\(axi__a[rw]valid in reset",
        "no reset of the bench meets an address that waits; proved (write_master.sv)",
    ),
    Reason(
        ".*_master", r"bit \d+ stuck at 1: assign _\d+_ *= _\d+_ \[\d+:0\] < ",
        "a whole page is a burst: the way to its end is never longer, and both choices are equal",
        lambda array, bus: bus.burst_words * bus.word_bytes == 4096,
    ),
    Reason(
        ".*_master", r"constant one more: assign _\d+_ *= word % ",
        "no burst of this port comes to the end of a page in these lists; proved (read_master.sv)",
    ),
    Reason(
        "top", r"stuck at 1: assign \S+ready = 1'h1|another operator: .* \+ 1'h0",
        "the same text in other words",
    ),
)  # fmt: skip


def explanation(block: str, mutant: Mutant, array: DotSpec, bus: Axi4BusSpec) -> str:
    """The reason, or nothing: then the tests have a hole."""
    for reason in REASONS:
        matches = re.fullmatch(reason.block, block) and re.search(reason.text, str(mutant))
        if matches and reason.machine(array, bus):
            return reason.why
    return ""
