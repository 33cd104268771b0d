"""The world of a link, as its kernels read it: how each port's memory answers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.array.protocol import NEVER
from bitsim.spec.link.axi4 import Axi4BusSpec
from bitsim.trace.world import ReadWorld, WriteWorld


class Delays:
    """All lists of a world, one after the other."""

    def __init__(self) -> None:
        self._lists: list[NDArray[np.int64]] = []
        self._size = 0

    def append(self, cycles: NDArray[np.int64]) -> tuple[int, int, int]:
        """Where the list is, and its next place: `ports.DELAYS`."""
        first = self._size
        self._lists.append(cycles)
        self._size += cycles.size
        return first, self._size, first

    def cycles(self) -> NDArray[np.int64]:
        """(all,) int64."""
        return np.concatenate(self._lists)


def meet_memory(
    port: Any, bus: Axi4BusSpec, memory: ReadWorld | WriteWorld, delays: Delays
) -> None:
    """Connect a port, READ_PORT or WRITE_PORT, with nothing on its channels."""
    port["word_bytes"] = bus.word_bytes
    port["burst_words"] = bus.burst_words
    port["outstanding"] = bus.outstanding
    port["accept_cycle"] = port["word_cycle"] = NEVER
    for field in ("accept", "latency", "gap", "response"):
        if hasattr(memory, field):
            port[field] = delays.append(getattr(memory, field))
    port["refresh_period"] = memory.refresh_period
    port["refresh_cycles"] = memory.refresh_cycles


def same_memory(one: ReadWorld, other: ReadWorld) -> bool:
    """Whether two ports are answered alike."""
    return all(np.array_equal(getattr(one, field), getattr(other, field)) for field in vars(one))
