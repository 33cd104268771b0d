"""Why a mutant of the array may survive: it is no fault, or a proof finds it and no bench can."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bitsim.spec.array.dot import DotSpec
from tests.mutation.mutants import Mutant


def _always(spec: DotSpec) -> bool:
    return True


@dataclass(frozen=True)
class Reason:
    """For the mutants of a block whose text matches, on machines that match."""

    block: str
    text: str
    why: str
    machine: Callable[[DotSpec], bool] = _always


_STEP = r"(issued|group|first_beat|last_beat|read)_after_\d|count|push"
_STEP_PORT = r"column_0__(group|replace|finish|accumulate|decode)"

REASONS = (
    Reason(
        "counters", r"(constant.*in reset|missing reset)",
        "each phase begins with all counters at 0, whatever reset left in them",
    ),
    Reason(
        "column", r"(constant.*|missing reset.*)\(sums",
        "the first K beat replaces the sum, whatever reset left in it",
    ),
    Reason(
        "top", rf"constant.*\(({_STEP}|{_STEP_PORT}) in reset",
        "describes a step, and behind a reset there is none",
    ),
    Reason(
        "top", rf"missing reset.*\(({_STEP}|{_STEP_PORT}) in reset",
        "a delay line: the bench resets for four cycles, in which it empties itself; array.sv "
        "proves the same of one cycle",
    ),
    Reason(
        "top", r"missing enable: if \(issued_after_1\)",
        "loads activations that no step uses: the enable saves toggling",
    ),
    Reason(
        "column", r"missing enable: if \(decode\)",
        "decodes the same beat again: the enable saves toggling",
    ),
    Reason(
        "column_queue", r"missing enable: if \(read__en\)",
        "reads a beat before it is decoded: the enable saves toggling",
    ),
    Reason(
        "top", r"another operator: .*__read = read & first_group",
        "reads the same beat again",
    ),
    Reason(
        "column", r"constant.*__reserved \?",
        "no bench sends a byte that stands for no weights; lane.sv proves what becomes of it",
    ),
    Reason(
        "decoder", r"constant one more: assign \S+ *= 1'h0",
        "a bit that is always 0 and that no logic reads",
    ),
    Reason(
        "decoder", r"packed_byte\[[2-7]\]",
        "one lane uses the lowest digit alone",
        lambda spec: spec.lanes == 1 and spec.weight_packing == "2bit",
    ),
    Reason(
        "counters", r"bit (2\d|3\d|4\d) stuck at 0",
        "shows after 2**20 cycles and more; array.sv proves that all 48 bits count",
    ),
    Reason(
        "counters", r"constant one more: assign _\d+_ *= \$signed\(\{ 1'h0, adds \}\)",
        "a bit above those that are kept",
    ),
    Reason(
        "counters", r"bit (2\d|3\d|4\d) inverted: assign _\d+_ *= drain \+",
        "turns back with every second cycle of draining; array.sv proves that all 48 bits count",
    ),
    Reason(
        "decoder", r"bit 0 stuck at 1: assign _\d+_ *= ~ step2_digit1_carry\[1\]",
        "read beside a digit 2, which the highest of this step never is (decoder.sv)",
    ),
    Reason(
        "decoder", r"packed_byte\[3\] \| packed_byte\[2\]",
        "no bench sends a byte that stands for no weights; lane.sv proves what becomes of it",
    ),
    Reason(
        "results", r"another operator: assign w_port__en = w_en & w_rdy",
        "writes into a free place what is written there again with the next result",
    ),
    Reason(
        "results", r"missing reset.*\(level in reset",
        "no reset of the bench meets a result that waits; array.sv proves reset",
    ),
    Reason(
        "results", r"operands swapped: assign _\d+_ *= level - 1'h1",
        "results of several K beats never wait in twos here; proved (queue.sv)",
        lambda spec: spec.max_k > 3 * spec.lanes,
    ),
    Reason(
        "sequencer",
        r"missing reset.*\(group in reset|operands swapped: assign _\d+_ *= groups - 1'h1",
        "there is one group, and its number stays 0",
        lambda spec: spec.hold == 1,
    ),
    Reason(
        "results", r"another operator: assign \S+ *= [rw]_port__addr \+ 1'h1",
        "of two places the one before is the one after",
        lambda spec: spec.result_fifo_beats == 2,
    ),
    Reason(
        "sequencer", r"(missing reset|constant).*\((last_\w+_index|groups_after) in reset",
        "each phase brings its own shape",
    ),
    Reason(
        "sequencer", r"missing reset.*\(beat in reset",
        "there is one K beat, and its number stays 0",
        lambda spec: spec.max_k <= spec.lanes,
    ),
    Reason(
        "sequencer|ring|results|column_queue",
        r"bit \d+ (inverted|stuck at \d): assign \S+ *= (held|level|pending|group) \+",
        "a bit above those that are kept, behind the subtraction or choice that follows",
    ),
    Reason(
        "column", r"missing enable: if \(_\d+_ \).*\(sums",
        "takes sums that nobody pushes into the queue: the enable saves toggling",
    ),
    Reason(
        "column_queue", r"another operator: assign \S+ *= (read|write)__addr \+ 1'h1",
        "of two places the one before is the one after",
        lambda spec: spec.weight_fifo_beats == 2,
    ),
    Reason(
        "ring", r"(place|read|rewind|addr|release)",
        "of one place every pointer is 0",
        lambda spec: spec.activation_buffer_beats == 1,
    ),
    Reason(
        "sequencer", r"constant one less: assign \S+ *= groups > ",
        "with as many groups left as are held both sides are the same",
    ),
)  # fmt: skip


def explanation(block: str, mutant: Mutant, spec: DotSpec) -> str:
    """The reason, or nothing: then the tests have a hole."""
    for reason in REASONS:
        matches = re.fullmatch(reason.block, block) and re.search(reason.text, str(mutant))
        if matches and reason.machine(spec):
            return reason.why
    return ""
