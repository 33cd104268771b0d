"""DMA from the array to DRAM: two tiles of buffer for the results."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bitsim.memory.clock import Clock
from bitsim.memory.fetch import BUFFERS
from bitsim.memory.protocol import Memory
from bitsim.memory.traffic import Traffic


class WriteBack:
    """Takes the result beats of one phase into tile buffers and writes full tiles to DRAM.

    A beat is taken as soon as it is offered while its tile has a buffer. A tile is written when
    the first beat of the next tile is offered, the last tile when the phase has ended. Its buffer
    is free when the tile has left the bus.

    joined  beats of the array that become one beat of `beat_bytes` in DRAM; `beats` and
            `tile_beats` are multiples
    """

    def __init__(
        self,
        env: Clock,
        memory: Memory,
        beats: int,
        tile_beats: int,
        beat_bytes: int,
        traffic: Traffic,
        joined: int = 1,
    ) -> None:
        assert beats % joined == tile_beats % joined == 0, (beats, tile_beats, joined)
        self._env = env
        self._memory = memory
        self._left = beats
        self._tile_beats = tile_beats
        self._beat_bytes = beat_bytes
        self._traffic = traffic
        self._joined = joined
        self._open_beats = 0  # of the tile that is being filled
        self._written_cycles: list[int] = []  # of each tile so far

    def next_tile(self) -> NDArray[np.int64]:
        """(beats,) int64: cycle from which each beat of the next tile is taken."""
        assert self._left > 0, "the array has more results than the phase"
        if self._open_beats:
            self._write()
        tile = len(self._written_cycles)
        free_cycle = self._written_cycles[tile - BUFFERS] if tile >= BUFFERS else 0
        self._open_beats = min(self._left, self._tile_beats)
        self._left -= self._open_beats
        return np.full(self._open_beats, free_cycle, np.int64)

    def finish(self) -> int:
        """The phase has ended: write the last tile; the cycle in which all is in memory."""
        assert self._left == 0, "the phase ended before its last result"
        self._write()
        return self._written_cycles[-1]

    def _write(self) -> None:
        tile_bytes = self._open_beats // self._joined * self._beat_bytes
        booking = self._memory.book(tile_bytes)
        self._traffic.written(booking, tile_bytes)
        self._written_cycles.append(booking.end_cycle)
