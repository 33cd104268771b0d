"""What the read and the write ports of the accelerator have in common: docs/top.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.spec.link.axi4 import BOUNDARY_BYTES, ListEntry

# One burst, as it went over the channels of its port. Cycles count from reset.
BURST = np.dtype(
    [
        ("address", np.int64),
        ("words", np.int64),
        ("offered_cycle", np.int64),  # first cycle on the address channel
        ("accept_cycle", np.int64),
        ("first_word_cycle", np.int64),
        ("last_word_cycle", np.int64),
        ("response_cycle", np.int64),  # of a write burst
    ]
)

# The memory work of one list entry, for one port.
PORT_JOB = np.dtype([("address", np.int64), ("words", np.int64), ("passes", np.int64)])

# One list of `bitsim.trace.world`: a piece of the one array that holds them all.
DELAYS = np.dtype([("first", np.int64), ("end", np.int64), ("next", np.int64)])

DISTURBANCE = [("refresh_period", np.int64), ("refresh_cycles", np.int64)]


def port_jobs(entries: Sequence[ListEntry], weight_ports: int) -> NDArray[Any]:
    """(ports, entries) PORT_JOB: each weight port, the activations, the results."""
    jobs = np.zeros((weight_ports + 2, len(entries)), PORT_JOB)
    for place, entry in enumerate(entries):
        for port in range(weight_ports):
            address = entry.weights_address + port * entry.weights_stride
            jobs[port, place] = (address, entry.weights_words, entry.passes)
        jobs[-2, place] = (entry.activations_address, entry.activations_words, 1)
        jobs[-1, place] = (entry.results_address, entry.results_words, 1)
    return jobs


@njit(cache=True)
def burst_words(address: int, left: int, most_words: int, word_bytes: int) -> int:
    """Words of the next burst: none crosses a boundary."""
    return min(most_words, (BOUNDARY_BYTES - address % BOUNDARY_BYTES) // word_bytes, left)


@njit(cache=True)
def count_bursts(jobs: Any, most_words: int, word_bytes: int) -> int:
    """How many bursts a port makes of its jobs; (jobs,) PORT_JOB."""
    total = 0
    for job in jobs:
        address, left = job.address, job.words
        bursts = 0
        while left:
            words = burst_words(address, left, most_words, word_bytes)
            address += words * word_bytes
            left -= words
            bursts += 1
        total += bursts * job.passes
    return total


@njit(cache=True, forceinline=True)
def take_delay(delays: Any, cycles: Any) -> int:
    """The next place of a list, which begins again when it is over."""
    delay = cycles[delays.next]
    delays.next += 1
    if delays.next == delays.end:
        delays.next = delays.first
    return delay


@njit(cache=True, forceinline=True)
def after_refresh(port: Any, cycle: int) -> int:
    """`cycle`, or the first one after the refresh that it falls into."""
    if port.refresh_period > 0:
        phase = cycle % port.refresh_period
        if phase < port.refresh_cycles:
            return cycle + port.refresh_cycles - phase
    return cycle
