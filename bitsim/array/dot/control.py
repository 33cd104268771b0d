"""The control of the `dot` dataflow, stepped cycle by cycle: docs/machine.md, "Time".

No decision of it depends on a value, so it runs apart from the lanes (`dot_lanes`): it finds the
cycle of every transfer and of every issued step, and the lanes do what was issued.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bitsim.array.protocol import NEVER

Cycles = NDArray[np.int64]

# Why `run` returned. The first three are the places of the streams in protocol.STREAMS.
NEEDS_WEIGHTS, NEEDS_ACTIVATIONS, NEEDS_RESULTS, ENDED, REACHED, STUCK = range(6)

# What a cycle is: the classes of docs/machine.md, and no phase.
BUSY, WAIT_WEIGHTS, WAIT_ACTIVATIONS, WAIT_RESULTS, DRAIN, IDLE = range(6)
CLASSES = 6

CONTROL = np.dtype(
    [
        # the machine
        ("hold", np.int64),
        ("weight_places", np.int64),
        ("activation_places", np.int64),
        ("result_places", np.int64),
        ("latency_cycles", np.int64),
        # the phase offered or running
        ("offered_cycle", np.int64),  # NEVER: none
        ("row_tiles", np.int64),
        ("k_beats", np.int64),
        ("groups", np.int64),
        # where it is
        ("cycle", np.int64),
        ("running", np.int64),
        ("accept_cycle", np.int64),
        ("class_cycles", np.int64, CLASSES),  # since the phase was accepted
        # the next step to issue
        ("earlier_groups", np.int64),  # of the blocks before its own
        ("block_groups", np.int64),  # 0: every step has been issued
        ("row_tile", np.int64),
        ("k_beat", np.int64),
        ("group", np.int64),
        ("passes", np.int64),  # row tiles finished, over all blocks
        # beats, from reset on
        ("block_first_beat", np.int64),  # of activations
        ("loaded", np.int64),
        ("freed", np.int64),
        ("results_issued", np.int64),
        ("results_taken", np.int64),
    ]
)


@njit(cache=True)
def run(
    control: NDArray[Any],
    level: Cycles,
    weights: Cycles,
    weights_used: Cycles,
    activations: Cycles,
    activations_used: Cycles,
    takes: Cycles,
    takes_used: Cycles,
    ready_cycle: Cycles,
    stop_cycle: int,
    leap: bool,
) -> int:
    """Step until the phase ends, `stop_cycle` begins, or a beat is needed that is not scheduled.

    Everything is decided on the state at the start of a cycle and changed at its end. There a
    stream is *due* in the cycle from which on its next beat moves, and never if none can move.

    control           (1,)              CONTROL
    level             (streams,)        beats in each weight queue; one stands for all columns
                                        as long as they are alike
    weights           (streams, known)  `Schedule.beats`: the last is where the silence ends
    weights_used      (streams,)        how many of them have been transferred
    activations       (known,)          the same for activations
    takes             (known,)          the same for results: from when they are taken
    ready_cycle       (result_places,)  ring: first cycle in which each result can be offered
    leap              pass over cycles in which nothing can change; the outcome is the same

    All are updated in place. Returns one of NEEDS_WEIGHTS ... STUCK.
    """
    s = control[0]
    while s.cycle < stop_cycle:
        t = s.cycle
        weights_due = _weights_due(s, level, weights, weights_used)
        room = s.loaded - s.freed < s.activation_places
        activation_due = activations[activations_used[0]] if room else NEVER
        result_due = (
            max(ready_cycle[s.results_taken % s.result_places], takes[takes_used[0]])
            if s.results_taken < s.results_issued
            else NEVER
        )
        if weights_due <= t and _lacks_weights(s, level, weights, weights_used):
            return NEEDS_WEIGHTS
        if activation_due <= t and activations_used[0] == activations.size - 1:
            return NEEDS_ACTIVATIONS
        if result_due <= t and takes_used[0] == takes.size - 1:
            return NEEDS_RESULTS

        kind = cycle_class(s, level)
        if weights_due <= t:
            _transfer_weights(s, level, weights, weights_used, t)
        if activation_due <= t:
            s.loaded += 1
            activations_used[0] += 1
        if result_due <= t:
            s.results_taken += 1
            takes_used[0] += 1
        s.class_cycles[kind] += 1
        s.cycle = t + 1
        if kind == BUSY:
            issue(s, level, ready_cycle, t)
            continue
        if kind == DRAIN and s.results_taken == s.results_issued:
            s.running = 0
            s.offered_cycle = NEVER
            return ENDED

        event = min(weights_due, activation_due, result_due)
        if kind == IDLE:
            event = min(event, s.offered_cycle)
            accept(s, t)
        if min(event, stop_cycle) >= NEVER:
            return STUCK
        if leap and event > t:  # nothing moved, so every cycle before the event is like this one
            s.cycle = min(event, stop_cycle)
            s.class_cycles[kind] += s.cycle - t - 1
    return REACHED


@njit(cache=True, forceinline=True)
def _weights_due(s: Any, level: Cycles, weights: Cycles, used: Cycles) -> int:
    """When the next beat moves into a queue that has room at the start of this cycle."""
    due = NEVER
    for stream in range(level.size):
        if level[stream] < s.weight_places:
            due = min(due, weights[stream, used[stream]])
    return due


@njit(cache=True, forceinline=True)
def _lacks_weights(s: Any, level: Cycles, weights: Cycles, used: Cycles) -> bool:
    """Whether some queue has room, and nothing is known of what it is offered now."""
    end = weights.shape[1] - 1
    for stream in range(level.size):
        if (
            level[stream] < s.weight_places
            and used[stream] == end
            and weights[stream, end] <= s.cycle
        ):
            return True
    return False


@njit(cache=True, forceinline=True)
def _transfer_weights(s: Any, level: Cycles, weights: Cycles, used: Cycles, t: int) -> None:
    """Each queue with room takes the beat that it is offered."""
    for stream in range(level.size):
        if level[stream] < s.weight_places and weights[stream, used[stream]] <= t:
            level[stream] += 1
            used[stream] += 1


@njit(cache=True, forceinline=True)
def cycle_class(s: Any, level: Cycles) -> int:
    """What this cycle is, by the state at its start."""
    if not s.running:
        return IDLE
    if s.block_groups == 0:
        return DRAIN
    for stream in range(level.size):
        if level[stream] == 0:
            return WAIT_WEIGHTS
    if s.loaded <= s.block_first_beat + s.k_beat * s.block_groups + s.group:
        return WAIT_ACTIVATIONS
    if s.k_beat == s.k_beats - 1 and s.results_issued - s.results_taken == s.result_places:
        return WAIT_RESULTS
    return BUSY


@njit(cache=True, forceinline=True)
def accept(s: Any, t: int) -> None:
    """If a phase is offered, it is transferred in this cycle and runs from the next on."""
    if s.offered_cycle > t:
        return
    s.running = 1
    s.accept_cycle = t
    s.earlier_groups = 0
    s.block_groups = min(s.hold, s.groups)
    s.row_tile = 0
    s.k_beat = 0
    s.group = 0
    s.passes = 0
    for kind in range(CLASSES):
        s.class_cycles[kind] = 0


@njit(cache=True, forceinline=True)
def issue(s: Any, level: Cycles, ready_cycle: Cycles, t: int) -> None:
    """Issue the step, and go to the next: group, then K beat, then row tile, then block."""
    if s.row_tile == s.row_tiles - 1:
        s.freed += 1
    if s.k_beat == s.k_beats - 1:
        ready_cycle[s.results_issued % s.result_places] = t + s.latency_cycles
        s.results_issued += 1
    s.group += 1
    if s.group < s.block_groups:
        return
    s.group = 0
    for stream in range(level.size):
        level[stream] -= 1
    s.k_beat += 1
    if s.k_beat < s.k_beats:
        return
    s.k_beat = 0
    s.passes += 1
    s.row_tile += 1
    if s.row_tile < s.row_tiles:
        return
    s.row_tile = 0
    s.block_first_beat += s.k_beats * s.block_groups
    s.earlier_groups += s.block_groups
    s.block_groups = min(s.hold, s.groups - s.earlier_groups)
