"""An array's control stepped cycle by cycle, its streams behaving as their schedules say."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bitsim.array.control import (
    BUSY,
    CLOCK,
    DRAIN,
    IDLE,
    LOOPS,
    Control,
    activation_room,
    begin,
    cycle_class,
    drained,
    end,
    give_result,
    issue,
    result_cycle,
    take_activations,
    take_weights,
    weight_room,
)
from bitsim.array.protocol import NEVER
from bitsim.kernels import njit
from bitsim.units import Cycles

# Why `run` returned. The first three are the places of the streams in protocol.STREAMS.
NEEDS_WEIGHTS, NEEDS_ACTIVATIONS, NEEDS_RESULTS, ENDED, REACHED, STUCK = range(6)

STEPPING = np.dtype(
    [
        *CLOCK,
        ("offered_cycle", np.int64),  # of the next phase; NEVER: none
        *LOOPS,  # of the phase offered or running
    ]
)


class Schedules(NamedTuple):
    """`Schedule.beats` and `used` of each stream; in `beats` the last is where the silence ends.

    weights           (streams, known)  one row stands for all streams as long as they are alike
    weights_used      (streams,)        how many beats have been transferred
    activations       (known,)          activations_used (1,)
    takes             (known,)          from when results are taken; takes_used (1,)
    """

    weights: Cycles
    weights_used: Cycles
    activations: Cycles
    activations_used: Cycles
    takes: Cycles
    takes_used: Cycles


@njit(cache=True)
def run(
    control: Control, stepping: NDArray[Any], given: Schedules, stop_cycle: int, leap: bool
) -> int:
    """Step until the phase ends, `stop_cycle` begins, or a beat is needed that is not scheduled.

    Everything is decided on the state at the start of a cycle and changed at its end. There a
    stream is *due* in the cycle from which on its next beat moves, and never if none can move.

    control   a dataflow's, with as many weight streams as are scheduled
    stepping  (1,)  STEPPING
    leap      pass over cycles in which nothing can change; the outcome is the same

    All are updated in place. Returns one of NEEDS_WEIGHTS ... STUCK.
    """
    s = stepping[0]
    activations_used, takes_used = given.activations_used, given.takes_used
    while s.cycle < stop_cycle:
        t = s.cycle
        weights_due = _weights_due(control, given)
        room = activation_room(control)
        activation_due = given.activations[activations_used[0]] if room else NEVER
        result_due = max(result_cycle(control), given.takes[takes_used[0]])
        if weights_due <= t and _lacks_weights(control, given, t):
            return NEEDS_WEIGHTS
        if activation_due <= t and activations_used[0] == given.activations.size - 1:
            return NEEDS_ACTIVATIONS
        if result_due <= t and takes_used[0] == given.takes.size - 1:
            return NEEDS_RESULTS

        kind = cycle_class(control)
        _transfer(control, given, weights_due <= t, activation_due <= t, result_due <= t, t)
        s.class_cycles[kind] += 1
        s.cycle = t + 1
        if kind == BUSY:
            issue(control, t)
            continue
        if kind == DRAIN and drained(control):
            end(control)
            s.offered_cycle = NEVER
            return ENDED

        event = min(weights_due, activation_due, result_due)
        if kind == IDLE:
            event = min(event, s.offered_cycle)
            if s.offered_cycle <= t:
                begin(control, s)
                s.accept_cycle = t
                s.class_cycles[:] = 0
        if min(event, stop_cycle) >= NEVER:
            return STUCK
        if leap and event > t:  # nothing moved, so every cycle before the event is like this one
            s.cycle = min(event, stop_cycle)
            s.class_cycles[kind] += s.cycle - t - 1
    return REACHED


@njit(inline="always")
def _weights_due(control: Control, given: Schedules) -> int:
    """When the next beat moves into a queue that has room at the start of this cycle."""
    due = NEVER
    for stream in range(given.weights_used.size):
        if weight_room(control, stream):
            due = min(due, given.weights[stream, given.weights_used[stream]])
    return due


@njit(inline="always")
def _lacks_weights(control: Control, given: Schedules, t: int) -> bool:
    """Whether some queue has room, and nothing is known of what it is offered now."""
    last = given.weights.shape[1] - 1
    for stream in range(given.weights_used.size):
        if (
            weight_room(control, stream)
            and given.weights_used[stream] == last
            and given.weights[stream, last] <= t
        ):
            return True
    return False


@njit(inline="always")
def _transfer(
    control: Control, given: Schedules, weights: bool, activations: bool, result: bool, t: int
) -> None:
    """Each stream that is due moves a beat; a weight queue with room takes what it is offered."""
    if weights:
        for stream in range(given.weights_used.size):
            used = given.weights_used[stream]
            if weight_room(control, stream) and given.weights[stream, used] <= t:
                take_weights(control, stream)
                given.weights_used[stream] += 1
    if activations:
        take_activations(control)
        given.activations_used[0] += 1
    if result:
        give_result(control)
        given.takes_used[0] += 1
