"""A read port, one cycle at a time: master, memory at its end, FIFO, gearbox (docs/top.md)."""

from __future__ import annotations

from typing import Any

import numpy as np

from bitsim.array.protocol import NEVER
from bitsim.kernels import njit
from bitsim.link.ports import DELAYS, DISTURBANCE, after_refresh, burst_words, take_delay

CHANGED, BEAT = 1, 2  # what a cycle did: bits of what `step` returns

READ_PORT = np.dtype(
    [
        # the machine
        ("word_bytes", np.int64),
        ("burst_words", np.int64),
        ("outstanding", np.int64),
        ("fifo_words", np.int64),
        ("beat_words", np.int64),
        # the memory
        ("accept", DELAYS),
        ("latency", DELAYS),
        ("gap", DELAYS),
        *DISTURBANCE,
        # places of the list
        ("jobs", np.int64),  # the first of this port's
        ("taken", np.int64),  # jobs, since the start
        ("log_first", np.int64),  # place of this port's first burst
        ("log_places", np.int64),  # then the first place again
        ("asked", np.int64),  # bursts, since the start
        ("accepted", np.int64),
        ("answered", np.int64),
        # the job
        ("passes", np.int64),  # still to begin
        ("address", np.int64),
        ("left", np.int64),
        # the address channel, the data channel, the FIFO
        ("accept_cycle", np.int64),  # of the address that is offered; NEVER: none is
        ("word_cycle", np.int64),  # of the next word, if known already; else NEVER
        ("last_word_cycle", np.int64),  # of the word before
        ("burst_left", np.int64),  # words of the burst that is being answered
        ("in_flight", np.int64),
        ("reserved", np.int64),
        ("held", np.int64),  # words in the FIFO
        ("gathered", np.int64),  # words in the gearbox
        # the counter
        ("words", np.int64),
    ]
)


@njit(cache=True, forceinline=True)
def step(port: Any, jobs: Any, bursts: Any, delays: Any, pushed: int, room: bool, t: int) -> int:
    """One cycle.

    jobs    (ports * entries,)  PORT_JOB
    bursts  (bursts,)           BURST, written
    delays  (any,)              int64: all lists of the world
    pushed  jobs that have entered the queue before this cycle
    room    whether the array takes a beat in this cycle
    """
    accepted = port.accept_cycle == t
    word = port.word_cycle == t
    beat = port.gathered == port.beat_words and room
    # A word of the cycle before is still on its way through the FIFO's memory.
    leaves = port.held > (port.last_word_cycle == t - 1) and (
        beat or port.gathered < port.beat_words
    )
    free = port.asked == port.accepted or accepted
    outcome = CHANGED if accepted or word or beat or leaves else 0

    reserved, in_flight = port.reserved, port.in_flight  # at the start of the cycle
    if accepted:
        _accept(port, bursts, delays, t)
    if word:
        _take_word(port, bursts, delays, t)
    if leaves:
        port.held -= 1
        port.gathered += 1
        port.reserved -= 1
    if beat:
        port.gathered -= port.beat_words
        outcome |= BEAT
    if port.left == 0:
        if port.passes > 0:
            _begin_pass(port, jobs[port.jobs + port.taken - 1])
            outcome |= CHANGED
        elif pushed > port.taken:
            port.passes = jobs[port.jobs + port.taken].passes
            _begin_pass(port, jobs[port.jobs + port.taken])
            port.taken += 1
            outcome |= CHANGED
    elif free and in_flight < port.outstanding:
        words = burst_words(port.address, port.left, port.burst_words, port.word_bytes)
        if reserved + words <= port.fifo_words:
            _ask(port, bursts, delays, words, t)
            outcome |= CHANGED
    return outcome


@njit(cache=True, forceinline=True)
def next_event(port: Any, t: int) -> int:
    """The first cycle after `t` in which something happens by itself."""
    seen = port.last_word_cycle + 2
    return min(port.accept_cycle, port.word_cycle, seen if seen > t else NEVER)


@njit(cache=True, forceinline=True)
def _place(port: Any, burst: int) -> int:
    return port.log_first + burst % port.log_places


@njit(cache=True, forceinline=True)
def _begin_pass(port: Any, job: Any) -> None:
    port.address = job.address
    port.left = job.words
    port.passes -= 1


@njit(cache=True, forceinline=True)
def _ask(port: Any, bursts: Any, delays: Any, words: int, t: int) -> None:
    """The burst is on the address channel from the next cycle on."""
    burst = bursts[_place(port, port.asked)]
    burst.address = port.address
    burst.words = words
    burst.offered_cycle = t + 1
    port.accept_cycle = t + 1 + take_delay(port.accept, delays)
    port.asked += 1
    port.in_flight += 1
    port.reserved += words
    port.address += words * port.word_bytes
    port.left -= words


@njit(cache=True, forceinline=True)
def _accept(port: Any, bursts: Any, delays: Any, t: int) -> None:
    bursts[_place(port, port.accepted)].accept_cycle = t
    port.accept_cycle = NEVER
    port.accepted += 1
    if port.accepted - 1 == port.answered:
        _begin_answer(port, bursts, delays)


@njit(cache=True, forceinline=True)
def _begin_answer(port: Any, bursts: Any, delays: Any) -> None:
    """The memory turns to the oldest burst; it gives no two words in one cycle."""
    burst = bursts[_place(port, port.answered)]
    first = burst.accept_cycle + take_delay(port.latency, delays)
    take_delay(port.gap, delays)  # the first word's place, without effect
    port.word_cycle = after_refresh(port, max(first, port.last_word_cycle + 1))
    burst.first_word_cycle = port.word_cycle
    port.burst_left = burst.words


@njit(cache=True, forceinline=True)
def _take_word(port: Any, bursts: Any, delays: Any, t: int) -> None:
    port.words += 1
    port.held += 1
    port.last_word_cycle = t
    port.burst_left -= 1
    if port.burst_left > 0:
        port.word_cycle = after_refresh(port, t + 1 + take_delay(port.gap, delays))
        return
    bursts[_place(port, port.answered)].last_word_cycle = t
    port.answered += 1
    port.in_flight -= 1
    port.word_cycle = NEVER
    if port.accepted > port.answered:
        _begin_answer(port, bursts, delays)
