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

IntArray = NDArray[np.int64]
Beats = tuple[IntArray, IntArray]  # `beats` and `used` of a Schedule

# Why `run` returned. The first three are the places of the streams in protocol.STREAMS.
NEEDS_WEIGHTS, NEEDS_ACTIVATIONS, NEEDS_RESULTS, ENDED, REACHED, STUCK = range(6)

# What a cycle is.
BUSY, WAIT_WEIGHTS, WAIT_ACTIVATIONS, WAIT_RESULTS, DRAIN, IDLE = range(6)

CONTROL = np.dtype(
    [
        (name, np.int64)
        for name in (
            # the machine: constant
            "hold",
            "weight_places",
            "activation_places",
            "result_places",
            "latency_cycles",
            # the world
            "phase_offered_cycle",  # NEVER: no phase is offered
            "weights_silent_until",
            "activations_silent_until",
            "results_silent_until",
            # where it is
            "cycle",
            "running",
            "accept_cycle",
            # the phase's bounds
            "row_tiles",
            "k_beats",
            "groups",
            # the next step to issue
            "earlier_groups",  # of the blocks before this one
            "block_groups",
            "row_tile",
            "k_beat",
            "group",
            "passes",  # row tiles finished, over all blocks
            # beats, from reset on
            "block_first_beat",  # of activations
            "loaded",
            "freed",
            "results_issued",
            "results_taken",
            # counters of the phase
            "cycles",
            "busy",
            "wait_weights",
            "wait_activations",
            "wait_results",
            "drain",
        )
    ]
)


@njit(cache=True)
def run(
    control: NDArray[Any],
    level: IntArray,
    weights: Beats,
    activations: Beats,
    takes: Beats,
    ready_cycle: IntArray,
    stop_cycle: int,
    leap: bool,
) -> int:
    """Step until the phase ends, `stop_cycle` begins, or a beat is needed that is not scheduled.

    control           (1,)              CONTROL
    level             (streams,)        beats in each weight queue
    weights           arrivals (streams, known), and how many of them have been transferred
                      (streams,); streams = 1 when all columns are alike
    activations       the same, (1, known) and (1,)
    takes             the same: the cycles from which results are taken
    ready_cycle       (result_places,)  ring: first cycle in which each result is offered
    leap              pass over cycles in which nothing can change; the cycles are the same

    All are updated in place.
    """
    s = control[0]
    while s.cycle < stop_cycle:
        need = _unknown(s, level, weights, activations, takes, ready_cycle)
        if need >= 0:
            return need
        t = s.cycle
        kind = _class(s, level)
        moved = _transfer_inputs(s, level, weights, activations)
        moved += _transfer_result(s, takes, ready_cycle)
        _count(s, kind, 1)
        s.cycle = t + 1
        if kind == IDLE:
            moved += _accept(s, t)
        elif kind == BUSY:
            _issue(s, level, ready_cycle, t)
        elif kind == DRAIN and s.results_taken == s.results_issued:
            s.running = 0
            s.phase_offered_cycle = NEVER
            return ENDED
        if moved == 0 and kind != BUSY:
            event = _next_event(s, level, weights, activations, takes, ready_cycle)
            if event >= NEVER and stop_cycle >= NEVER:
                return STUCK
            if leap:
                event = min(event, stop_cycle)
                _count(s, kind, event - s.cycle)
                s.cycle = event
    return REACHED


@njit(cache=True)
def _unknown(
    s: Any,
    level: IntArray,
    weights: Beats,
    activations: Beats,
    takes: Beats,
    ready_cycle: IntArray,
) -> int:
    """The stream that could transfer now if only its schedule went on, or -1."""
    arrivals, used = weights
    if s.cycle >= s.weights_silent_until:
        for stream in range(level.size):
            if level[stream] < s.weight_places and used[stream] == arrivals.shape[1]:
                return NEEDS_WEIGHTS
    if (
        s.cycle >= s.activations_silent_until
        and activations[1][0] == activations[0].shape[1]
        and s.loaded - s.freed < s.activation_places
    ):
        return NEEDS_ACTIVATIONS
    if (
        s.cycle >= s.results_silent_until
        and takes[1][0] == takes[0].shape[1]
        and s.results_taken < s.results_issued
        and s.cycle >= ready_cycle[s.results_taken % s.result_places]
    ):
        return NEEDS_RESULTS
    return -1


@njit(cache=True)
def _class(s: Any, level: IntArray) -> int:
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


@njit(cache=True)
def _transfer_inputs(
    s: Any,
    level: IntArray,
    weights: Beats,
    activations: Beats,
) -> int:
    """Queue every input beat that is offered and has room; before this cycle's issue frees any."""
    arrivals, used = weights
    moved = 0
    for stream in range(level.size):
        beat = used[stream]
        if (
            level[stream] < s.weight_places
            and beat < arrivals.shape[1]
            and arrivals[stream, beat] <= s.cycle
        ):
            level[stream] += 1
            used[stream] += 1
            moved += 1
    arrivals, used = activations
    beat = used[0]
    if (
        s.loaded - s.freed < s.activation_places
        and beat < arrivals.shape[1]
        and arrivals[0, beat] <= s.cycle
    ):
        s.loaded += 1
        used[0] += 1
        moved += 1
    return moved


@njit(cache=True)
def _transfer_result(s: Any, takes: Beats, ready_cycle: IntArray) -> int:
    """Hand over the oldest result, if it is offered and taken."""
    cycles, used = takes
    beat = used[0]
    if (
        s.results_taken < s.results_issued
        and s.cycle >= ready_cycle[s.results_taken % s.result_places]
        and beat < cycles.shape[1]
        and cycles[0, beat] <= s.cycle
    ):
        s.results_taken += 1
        used[0] += 1
        return 1
    return 0


@njit(cache=True)
def _count(s: Any, kind: int, cycles: int) -> None:
    if kind == IDLE:
        return
    s.cycles += cycles
    if kind == BUSY:
        s.busy += cycles
    elif kind == WAIT_WEIGHTS:
        s.wait_weights += cycles
    elif kind == WAIT_ACTIVATIONS:
        s.wait_activations += cycles
    elif kind == WAIT_RESULTS:
        s.wait_results += cycles
    else:
        s.drain += cycles


@njit(cache=True)
def _accept(s: Any, t: int) -> int:
    """Take the phase if it is offered; it runs from the next cycle on."""
    if t < s.phase_offered_cycle:
        return 0
    s.running = 1
    s.accept_cycle = t
    s.earlier_groups = 0
    s.block_groups = min(s.hold, s.groups)
    s.row_tile = s.k_beat = s.group = s.passes = 0
    s.cycles = s.busy = s.drain = 0
    s.wait_weights = s.wait_activations = s.wait_results = 0
    return 1


@njit(cache=True)
def _issue(s: Any, level: IntArray, ready_cycle: IntArray, t: int) -> None:
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


@njit(cache=True)
def _next_event(
    s: Any,
    level: IntArray,
    weights: Beats,
    activations: Beats,
    takes: Beats,
    ready_cycle: IntArray,
) -> int:
    """The first cycle from `s.cycle` on in which anything can change, or must be asked for.

    Called after a cycle in which nothing changed: until then every cycle is like it.
    """
    arrivals, used = weights
    event = s.phase_offered_cycle if not s.running else NEVER
    for stream in range(level.size):
        if level[stream] < s.weight_places:
            beat = used[stream]
            known = beat < arrivals.shape[1]
            event = min(event, arrivals[stream, beat] if known else s.weights_silent_until)
    arrivals, used = activations
    if s.loaded - s.freed < s.activation_places:
        beat = used[0]
        known = beat < arrivals.shape[1]
        event = min(event, arrivals[0, beat] if known else s.activations_silent_until)
    if s.results_taken < s.results_issued:
        cycles, used = takes
        beat = used[0]
        known = beat < cycles.shape[1]
        taken = cycles[0, beat] if known else s.results_silent_until
        event = min(event, max(taken, ready_cycle[s.results_taken % s.result_places]))
    return max(event, s.cycle)
