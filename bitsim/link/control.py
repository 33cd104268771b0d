"""The accelerator around an array, stepped cycle by cycle: docs/top.md.

Every part decides on the state at the start of a cycle. So what one part asks of another is looked
up before that one moves, and the parts are stepped in an order in which nothing is seen too early.
"""

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
from bitsim.link import read_port, result_stage, write_port

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

TIME = np.dtype(CLOCK)

# One entry as the array runs it.
PHASE = np.dtype(
    [
        *LOOPS,
        ("digits", np.int64),
        ("codes", np.int64),
        ("accept_cycle", np.int64),
        ("end_cycle", np.int64),
        ("class_cycles", np.int64, IDLE),
    ]
)


class Parts(NamedTuple):
    """What steps beside the array's control.

    clock   (1,)                 TIME
    reader  (1,)                 READER
    reads   (weight ports + 1,)  READ_PORT; the last is that of the activations
    stage   (1,)                 STAGE
    write   (1,)                 WRITE_PORT
    """

    clock: NDArray[Any]
    reader: NDArray[Any]
    reads: NDArray[Any]
    stage: NDArray[Any]
    write: NDArray[Any]


class Work(NamedTuple):
    """One list, and how the memory answers.

    phases        (entries,)          PHASE, written
    jobs          (ports * entries,)  PORT_JOB, one port's after the other's
    read_bursts   (bursts,)           BURST, written; each port has its piece, a ring
    write_bursts  (bursts,)           BURST, written; a ring
    delays        (any,)              int64: all lists of the world
    """

    phases: NDArray[Any]
    jobs: NDArray[Any]
    read_bursts: NDArray[Any]
    write_bursts: NDArray[Any]
    delays: NDArray[np.int64]


@njit(cache=True)
def run(array: Control, parts: Parts, work: Work, leap: bool) -> bool:
    """Step until the list has ended; False if it never will. All arrays are updated in place.

    leap  pass over cycles in which nothing can change; the outcome is the same
    """
    clock, r, g, w = parts.clock[0], parts.reader[0], parts.stage[0], parts.write[0]
    reads, jobs, delays, phases = parts.reads, work.jobs, work.delays, work.phases
    read_bursts, write_bursts = work.read_bursts, work.write_bursts
    ports = reads.size - 1
    while True:
        t = clock.cycle
        pushed = r.pushed
        kind = cycle_class(array)
        room = w.held < w.fifo_words
        goes = result_stage.takes_word(g, room)
        cut = w.rest > 0 and goes
        result = result_cycle(array) <= t and write_port.takes_result(w, goes)
        room_for_activations = activation_room(array)

        changed = _step_reader(r, reads, g, w, t)
        for port in range(ports):
            beat_room = weight_room(array, port)
            did = read_port.step(reads[port], jobs, read_bursts, delays, pushed, beat_room, t)
            if did & read_port.BEAT:
                take_weights(array, port)
            changed = changed or did != 0
        did = read_port.step(
            reads[ports], jobs, read_bursts, delays, pushed, room_for_activations, t
        )
        if did & read_port.BEAT:
            take_activations(array)
        changed = changed or did != 0
        did = result_stage.step(g, phases, pushed, cut, room, t)
        enters = did & result_stage.ENTERS != 0
        changed = changed or did != 0
        if write_port.step(w, jobs, write_bursts, delays, pushed, result, cut, enters, t):
            changed = True
        if result:
            give_result(array)

        if _step_array(array, clock, r, phases, kind, pushed):
            changed = True
        if changed:
            if r.end_cycle == t + 1:
                return True
        else:
            event = _next_event(array, r, reads, g, w, t)
            if event <= t or event >= NEVER:  # in the past: it was missed, and would be waited for
                return False
            if leap and event > t + 1:  # until then every cycle is like this one
                clock.class_cycles[kind] += event - clock.cycle
                clock.cycle = event


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
        if g.state != result_stage.ABSENT:
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
    array: Control, clock: Any, r: Any, phases: NDArray[Any], kind: int, pushed: int
) -> bool:
    """One cycle of the array's control, its transfers done; whether it changed anything."""
    t = clock.cycle
    clock.cycle = t + 1
    clock.class_cycles[kind] += 1
    if kind == BUSY:
        issue(array, t)
        return True
    if kind == DRAIN and drained(array):
        end(array)
        _log_phase(r, clock, phases)
        return True
    if kind == IDLE and pushed > r.phases_taken:
        begin(array, phases[r.phases_taken])
        clock.accept_cycle = t
        clock.class_cycles[:] = 0
        r.phases_taken += 1
        return True
    return False


@njit(cache=True, forceinline=True)
def _log_phase(r: Any, clock: Any, phases: NDArray[Any]) -> None:
    phase = phases[r.phases_ended]
    phase.accept_cycle = clock.accept_cycle
    phase.end_cycle = clock.cycle
    for kind in range(IDLE):
        phase.class_cycles[kind] = clock.class_cycles[kind]
    r.phases_ended += 1


@njit(cache=True)
def _next_event(array: Control, r: Any, reads: NDArray[Any], g: Any, w: Any, t: int) -> int:
    """The first cycle after `t` in which something happens by itself."""
    start = r.start_cycle
    result = result_cycle(array)
    event = min(write_port.next_event(w, t), start if start > t else NEVER)
    event = min(event, result_stage.next_event(g), result if result > t else NEVER)
    for port in range(reads.size):
        event = min(event, read_port.next_event(reads[port], t))
    return event
