"""Why a mutant of the accelerator around the array may survive the lists of the bench.

"Proved" means that no list of the bench comes there, and that the properties of the block in
`rtl/formal` speak of it; the proofs themselves are not run on the mutants.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bitsim.spec.array.dot import DotSpec
from bitsim.spec.encoding import WEIGHTS_PER_BYTE
from bitsim.spec.link.axi4 import SUM_BITS, Axi4BusSpec
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
        ".*_queue", r"another operator: assign w_port__en = w_en & w_rdy",
        "writes into a free place what is written there again when a job enters",
    ),
    Reason(
        ".*_queue", r"missing enable: if \(w_port__en\)",
        "the same, and a list of two entries fills no queue: the array takes one at once",
        lambda array, bus: bus.list_entries == 2,
    ),
    Reason(
        ".*_queue", r"another operator: assign \S+ *= [rw]_port__addr \+ 1'h1",
        "of two places the one before is the one after",
    ),
    Reason(
        ".*_fifo", r"missing reset.*\(inner_level in reset",
        "no reset of the bench meets more words than are read out in its four cycles",
    ),
    Reason(
        "results_port", r"\(pushed_before in reset",
        "a delay of one cycle, and no master has a job in the first after reset",
    ),
    Reason(
        "results_port", r"operands swapped: assign _\d+_ *= level - pushed_before",
        "with bursts of one word the master asks only whether it is 0",
        lambda array, bus: bus.burst_words == 1,
    ),
    Reason(
        "results_port_cutter", r"condition never: .*\(narrow\)",
        "a beat of one word is not shifted",
        lambda array, bus: array.beat_sums * SUM_BITS <= bus.data_bits,
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
        ".*_gearbox", r"bit \d+ stuck at \d: assign _\d+_ *= \{ \d+'h0+, words__payload",
        "a bit of a place of the last byte that no lane has",
        lambda array, bus: array.lanes % WEIGHTS_PER_BYTE[array.weight_packing] != 0,
    ),
    Reason(
        ".*_master", r"\(transferred in reset",
        "each list begins with all counters at 0, whatever reset left in them",
    ),
    Reason(
        ".*_master", r"\(axi__a[rw](addr|len) in reset",
        "an address or a length means nothing while none is offered",
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
        ".*_master", r"another operator: assign _\d+_ *= (_\d+_) \[\d+:0\] < .*\1 \[\d+:0\] <= ",
        "where both are the same either is the length",
    ),
    Reason(
        ".*_master",
        r"constant one more: assign _\d+_ *= word % "
        r"|operands swapped: assign _\d+_ *= _\d+_ \[\d+:0\] < ",
        "no burst of this port comes to the end of a page in these lists; proved (read_master.sv)",
    ),
    Reason(
        "top",
        r"bit [01] stuck at \d: assign _\d+_ *= entries__payload\[127:64\]"
        r"|constant one less: assign _\d+_ *= \{ 1'h0, entries__payload\[159:128\], 2'h0 \}",
        "a bit of the place within a word, which no master reads",
    ),
    Reason(
        ".*_port", r"bit 0 stuck at 0: assign \S+ = 1'h0;",
        "it is 0",
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
