"""The accelerator around the `dot` array, stepped cycle by cycle: docs/top.md.

Every part decides on the state at the start of a cycle. So what one part asks of another is looked
up before that one moves, and the parts are stepped in an order in which nothing is seen too early.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bitsim.array.dot import control as dot_control
from bitsim.array.dot.control import BUSY, DRAIN, IDLE
from bitsim.array.protocol import NEVER
from bitsim.link import read_port as top_read
from bitsim.link import result_stage as top_stage
from bitsim.link import write_port as top_write

QUEUE_PLACES = 2  # jobs in each queue

# States of the list reader.
LIST_IDLE, READ, PUSH, WAIT = range(4)

READER = np.dtype(
    [
        ("state", np.int64),
        ("start_cycle", np.int64),
        ("count", np.int64),  # entries of the list
        ("pushed", np.int64),  # entries whose jobs are in the queues, or have been
        ("phases_taken", np.int64),
        ("phases_ended", np.int64),
        ("end_cycle", np.int64),  # first cycle of IDLE
    ]
)

# One entry as the array runs it.
PHASE = np.dtype(
    [
        ("row_tiles", np.int64),
        ("k_beats", np.int64),
        ("groups", np.int64),
        ("digits", np.int64),
        ("codes", np.int64),
        ("accept_cycle", np.int64),
        ("end_cycle", np.int64),
        ("class_cycles", np.int64, IDLE),
    ]
)


@njit(cache=True)
def run(
    control: NDArray[Any],
    level: NDArray[np.int64],
    ready_cycle: NDArray[np.int64],
    reader: NDArray[Any],
    reads: NDArray[Any],
    stage: NDArray[Any],
    write: NDArray[Any],
    phases: NDArray[Any],
    jobs: NDArray[Any],
    read_bursts: NDArray[Any],
    write_bursts: NDArray[Any],
    delays: NDArray[np.int64],
    leap: bool,
) -> bool:
    """Step until the list has ended; False if it never will.

    control       (1,)                   dot_control.CONTROL; its `cycle` is the clock
    level         (weight ports,)        beats in each queue of the port's columns
    ready_cycle   (result_places,)       as in dot_control.run
    reader        (1,)                   READER
    reads         (weight ports + 1,)    READ_PORT; the last is that of the activations
    stage         (1,)                   STAGE
    write         (1,)                   WRITE_PORT
    phases        (entries,)             PHASE, written
    jobs          (ports * entries,)     AXI_JOB, one port's after the other's
    read_bursts   (bursts,)              BURST, written; each port has its piece, a ring
    write_bursts  (bursts,)              BURST, written; a ring
    delays        (any,)                 all lists of the world
    leap          pass over cycles in which nothing can change; the outcome is the same

    All are updated in place.
    """
    s, r, g, w = control[0], reader[0], stage[0], write[0]
    ports = level.size
    while True:
        t = s.cycle
        pushed = r.pushed
        kind = dot_control.cycle_class(s, level)
        room = w.held < w.fifo_words
        goes = top_stage.takes_word(g, room)
        cut = w.rest > 0 and goes
        result = (
            s.results_taken < s.results_issued
            and ready_cycle[s.results_taken % s.result_places] <= t
            and top_write.takes_result(w, goes)
        )
        activations_room = s.loaded - s.freed < s.activation_places

        changed = _step_reader(r, reads, g, w, t)
        for port in range(ports):
            beat_room = level[port] < s.weight_places
            did = top_read.step(reads[port], jobs, read_bursts, delays, pushed, beat_room, t)
            if did & top_read.BEAT:
                level[port] += 1
            changed = changed or did != 0
        did = top_read.step(reads[ports], jobs, read_bursts, delays, pushed, activations_room, t)
        if did & top_read.BEAT:
            s.loaded += 1
        changed = changed or did != 0
        did = top_stage.step(g, phases, pushed, cut, room, t)
        enters = did & top_stage.ENTERS != 0
        changed = changed or did != 0
        if top_write.step(w, jobs, write_bursts, delays, pushed, result, cut, enters, t):
            changed = True
        if result:
            s.results_taken += 1

        if _step_array(s, level, ready_cycle, r, phases, kind, pushed):
            changed = True
        if changed:
            if r.end_cycle == t + 1:
                return True
        else:
            event = _next_event(s, ready_cycle, r, reads, g, w, t)
            if event <= t or event >= NEVER:  # in the past: it was missed, and would be waited for
                return False
            if leap and event > t + 1:  # until then every cycle is like this one
                s.class_cycles[kind] += event - s.cycle
                s.cycle = event


@njit(cache=True, forceinline=True)
def _step_reader(r: Any, reads: NDArray[Any], g: Any, w: Any, t: int) -> bool:
    """One cycle of the list reader; whether it changed anything."""
    if r.state == LIST_IDLE:
        if t < r.start_cycle:
            return False
        r.state = READ
    elif r.state == READ:
        r.state = PUSH
    elif r.state == PUSH:
        taken = min(r.phases_taken, w.taken)
        if g.state != top_stage.ABSENT:
            taken = min(taken, g.taken)
        for port in range(reads.size):
            taken = min(taken, reads[port].taken)
        if r.pushed - taken >= QUEUE_PLACES:
            return False
        r.pushed += 1
        r.state = READ if r.pushed < r.count else WAIT
    else:
        if w.finished < r.count:
            return False
        r.state = LIST_IDLE
        r.end_cycle = t + 1
    return True


@njit(cache=True, forceinline=True)
def _step_array(
    s: Any,
    level: NDArray[np.int64],
    ready_cycle: NDArray[np.int64],
    r: Any,
    phases: NDArray[Any],
    kind: int,
    pushed: int,
) -> bool:
    """One cycle of the array's control, its transfers done; whether it changed anything."""
    t = s.cycle
    s.cycle = t + 1
    s.class_cycles[kind] += 1
    if kind == BUSY:
        dot_control.issue(s, level, ready_cycle, t)
        return True
    if kind == DRAIN and s.results_taken == s.results_issued:
        s.running = 0
        _log_phase(r, s, phases)
        return True
    if kind == IDLE and pushed > r.phases_taken:
        phase = phases[r.phases_taken]
        s.row_tiles = phase.row_tiles
        s.k_beats = phase.k_beats
        s.groups = phase.groups
        s.offered_cycle = t
        dot_control.accept(s, t)
        r.phases_taken += 1
        return True
    return False


@njit(cache=True, forceinline=True)
def _log_phase(r: Any, s: Any, phases: NDArray[Any]) -> None:
    phase = phases[r.phases_ended]
    phase.accept_cycle = s.accept_cycle
    phase.end_cycle = s.cycle
    for kind in range(IDLE):
        phase.class_cycles[kind] = s.class_cycles[kind]
    r.phases_ended += 1


@njit(cache=True)
def _next_event(
    s: Any, ready_cycle: NDArray[np.int64], r: Any, reads: NDArray[Any], g: Any, w: Any, t: int
) -> int:
    """The first cycle behind `t` in which something happens by itself."""
    event = min(top_write.next_event(w, t), r.start_cycle if r.start_cycle > t else NEVER)
    event = min(event, top_stage.next_event(g))
    if s.results_taken < s.results_issued:
        ready = ready_cycle[s.results_taken % s.result_places]
        event = min(event, ready if ready > t else NEVER)
    for port in range(reads.size):
        event = min(event, top_read.next_event(reads[port], t))
    return event
