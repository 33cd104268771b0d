"""The write port, one cycle at a time: cutter, FIFO, master, memory at its end (docs/top.md)."""

from __future__ import annotations

from typing import Any

import numpy as np

from bitsim.array.protocol import NEVER
from bitsim.kernels import njit
from bitsim.link.ports import DELAYS, DISTURBANCE, after_refresh, burst_words, take_delay

WRITE_PORT = np.dtype(
    [
        # the machine
        ("word_bytes", np.int64),
        ("burst_words", np.int64),
        ("outstanding", np.int64),
        ("fifo_words", np.int64),
        ("beat_words", np.int64),
        # the memory
        ("accept", DELAYS),
        ("gap", DELAYS),
        ("response", DELAYS),
        *DISTURBANCE,
        # places of the list
        ("jobs", np.int64),  # the first of this port's
        ("taken", np.int64),  # jobs, since the start
        ("finished", np.int64),
        ("log_places", np.int64),  # of bursts; then the first again
        ("announced", np.int64),  # bursts, since the start
        ("answered", np.int64),
        # the job
        ("busy", np.int64),  # holds one
        ("address", np.int64),
        ("left", np.int64),
        # cutter and FIFO
        ("rest", np.int64),
        ("held", np.int64),  # words in the FIFO
        ("entered_cycle", np.int64),  # of the last one
        # the channels; a cycle is NEVER if there is nothing on the channel
        ("accept_cycle", np.int64),
        ("word_cycle", np.int64),
        ("burst_left", np.int64),  # words still to be sent
        ("response_cycle", np.int64),  # of the oldest burst without one
        ("last_response_cycle", np.int64),  # scheduled so far
        # the counter
        ("words", np.int64),
    ]
)


@njit(cache=True, forceinline=True)
def takes_result(port: Any, goes: bool) -> bool:
    """`results.ready` of the cutter.

    goes  whether a word can go in this cycle
    """
    return port.rest == 0 or (port.rest == 1 and goes)


@njit(cache=True, forceinline=True)
def step(
    port: Any,
    jobs: Any,
    bursts: Any,
    delays: Any,
    pushed: int,
    beat: bool,
    cut: bool,
    enters: bool,
    t: int,
) -> bool:
    """One cycle; whether it changed anything.

    jobs    (ports * entries,)  PORT_JOB
    bursts  (bursts,)           BURST, written
    delays  (any,)              int64: all lists of the world
    pushed  jobs that have entered the queue before this cycle
    beat    whether the array's result beat is transferred in this cycle
    cut     whether a word leaves the cutter
    enters  whether a word enters the FIFO
    """
    accepted = port.accept_cycle == t
    word = port.word_cycle == t
    response = port.response_cycle == t
    changed = cut or enters or accepted or word or response or beat
    if _decide(port, jobs, bursts, delays, pushed, t):
        changed = True

    if cut:
        port.rest -= 1
    if enters:
        port.held += 1
        port.entered_cycle = t
    if beat:
        port.rest = port.beat_words
    if response:
        port.answered += 1
        port.response_cycle = NEVER
    if accepted:
        bursts[(port.announced - 1) % port.log_places].accept_cycle = t
        port.accept_cycle = NEVER
    if word:
        _send_word(port, bursts, delays, t)
    if (accepted or word) and port.accept_cycle == NEVER and port.burst_left == 0:
        due = t + take_delay(port.response, delays)
        port.last_response_cycle = max(due, port.last_response_cycle + 1)
        bursts[(port.announced - 1) % port.log_places].response_cycle = port.last_response_cycle
    if port.response_cycle == NEVER and port.answered < port.announced:
        # Not yet known (NEVER) while its address or words are under way.
        port.response_cycle = bursts[port.answered % port.log_places].response_cycle
    return changed


@njit(cache=True, forceinline=True)
def next_event(port: Any, t: int) -> int:
    """The first cycle after `t` in which something happens by itself."""
    seen = port.entered_cycle + 2
    return min(port.accept_cycle, port.word_cycle, port.response_cycle, seen if seen > t else NEVER)


@njit(cache=True, forceinline=True)
def _decide(port: Any, jobs: Any, bursts: Any, delays: Any, pushed: int, t: int) -> bool:
    """What the master does, on the state at the start of the cycle."""
    if not port.busy:
        if pushed == port.taken:
            return False
        job = jobs[port.jobs + port.taken]
        port.taken += 1
        port.busy = 1
        port.address = job.address
        port.left = job.words
        return True
    unanswered = port.announced - port.answered
    if port.accept_cycle != NEVER or port.burst_left > 0:
        return False
    if port.left == 0 and unanswered == 0:
        port.busy = 0
        port.finished += 1
        return True
    if port.left == 0 or unanswered >= port.outstanding:
        return False
    return _announce(port, bursts, delays, t)


@njit(cache=True, forceinline=True)
def _announce(port: Any, bursts: Any, delays: Any, t: int) -> bool:
    """If the FIFO has all its words, a burst is on both channels from the next cycle on."""
    words = burst_words(port.address, port.left, port.burst_words, port.word_bytes)
    # A word of the cycle before is still on its way through the FIFO's memory.
    if port.held - (port.entered_cycle == t - 1) < words:
        return False
    burst = bursts[port.announced % port.log_places]
    burst.address = port.address
    burst.words = words
    burst.offered_cycle = t + 1
    burst.response_cycle = NEVER
    port.accept_cycle = t + 1 + take_delay(port.accept, delays)
    port.word_cycle = after_refresh(port, t + 1 + take_delay(port.gap, delays))
    burst.first_word_cycle = port.word_cycle
    port.announced += 1
    port.burst_left = words
    port.address += words * port.word_bytes
    port.left -= words
    return True


@njit(cache=True, forceinline=True)
def _send_word(port: Any, bursts: Any, delays: Any, t: int) -> None:
    port.words += 1
    port.held -= 1
    port.burst_left -= 1
    if port.burst_left > 0:
        port.word_cycle = after_refresh(port, t + 1 + take_delay(port.gap, delays))
        return
    bursts[(port.announced - 1) % port.log_places].last_word_cycle = t
    port.word_cycle = NEVER
