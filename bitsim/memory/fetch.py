"""DMA from DRAM to the array: two tiles of buffer for each stream."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from bitsim.memory.clock import Clock
from bitsim.memory.protocol import Memory
from bitsim.memory.traffic import Traffic

BUFFERS = 2


class Fetch:
    """Prefetches the beats of a stream, a tile at a time, as long as a buffer is free.

    A tile takes a buffer when it is requested and gives it back when the array has taken its last
    beat. The next tile is requested when a buffer is free and the tile before has left the bus,
    so that streams which share the bus take turns.

    ready   for each tile in flight or in its buffer, oldest first, the arrival cycles of its beats;
            a tile leaves the list when it is handed to the array
    """

    def __init__(self, env: Clock, memory: Memory, tile_beats: int, beat_bytes: int) -> None:
        self.ready: deque[NDArray[np.int64]] = deque()
        self._env = env
        self._memory = memory
        self._tile_beats = tile_beats
        self._beat_bytes = beat_bytes
        self._ends = np.arange(1, tile_beats + 1, dtype=np.int64) * beat_bytes
        self._jobs: deque[tuple[int, Traffic]] = deque()
        self._free_buffers = BUFFERS
        self._asleep: simpy.Event | None = None  # what the process waits for
        self._watched: simpy.Event | None = None  # what somebody waits for
        env.process(self._run())

    def add(self, beats: int, traffic: Traffic) -> None:
        """Ask for so many more beats; the last tile ends with the last of these beats."""
        self._jobs.append((beats, traffic))
        self._wake()

    def release(self) -> None:
        """The array has taken the last beat of the oldest tile: its buffer is free."""
        self._free_buffers += 1
        assert self._free_buffers <= BUFFERS, "a buffer was given back twice"
        self._wake()

    @property
    def waits(self) -> bool:
        """Nothing is on the bus: there is no job, or no free buffer."""
        return self._asleep is not None and not self._asleep.triggered

    @property
    def done(self) -> bool:
        """Every beat that was asked for has been requested and handed to the array."""
        return self.waits and self._free_buffers > 0 and not self.ready

    def next_ready(self) -> simpy.Event:
        """An event for the next tile that becomes ready."""
        if self._watched is None:
            self._watched = self._env.event()
        return self._watched

    def _run(self) -> Generator[simpy.Event, Any, None]:
        """Process: one tile after the other, one event for each wait."""
        while True:
            if not self._jobs:
                yield self._sleep()
                continue
            left, traffic = self._jobs.popleft()
            while left:
                if not self._free_buffers:
                    yield self._sleep()
                    continue
                self._free_buffers -= 1
                beats = min(left, self._tile_beats)
                left -= beats
                booking = self._memory.book(beats * self._beat_bytes)
                traffic.read(booking, beats * self._beat_bytes)
                self.ready.append(booking.arrivals(self._ends[:beats]))
                if self._watched is not None:
                    self._watched.succeed()
                    self._watched = None
                yield self._env.timeout(booking.free_cycle - self._env.now)

    def _sleep(self) -> simpy.Event:
        self._asleep = self._env.event()
        return self._asleep

    def _wake(self) -> None:
        if self.waits:
            assert self._asleep is not None
            self._asleep.succeed()
