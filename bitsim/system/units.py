"""The units beside the array."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy

from bitsim.memory.clock import Clock
from bitsim.memory.protocol import Memory
from bitsim.memory.traffic import Traffic
from bitsim.spec.accelerator import AcceleratorSpec, UnitSpec
from bitsim.spec.counts import WorkCounts
from bitsim.units import ceil_div


class Units:
    """Times pieces of work: arithmetic and DRAM traffic go on at the same time.

    A piece takes the longer of
      its arithmetic:  setup + max(multiplies / per cycle, adds / per cycle), each rounded up;
      its traffic:     all reads, then all writes, tile by tile over the shared bus; the last read
                       has come a latency after its tile has left the bus.
    Its data pass through the DMA's activation buffers (reads) and result buffers (writes). No phase
    uses these meanwhile, and a tile is as large as such a buffer.
    """

    def __init__(
        self,
        env: Clock,
        memory: Memory,
        accelerator: AcceleratorSpec,
        quiet: Callable[[], bool],
    ) -> None:
        self._env = env
        self._memory = memory
        self._accelerator = accelerator
        self._quiet = quiet

    def run(
        self, unit: UnitSpec, counts: WorkCounts, traffic: Traffic
    ) -> Generator[simpy.Event, Any, None]:
        """Process: one piece of work, its input in DRAM when it begins, its output at the end."""
        env, dma = self._env, self._accelerator.dma
        end_cycle = env.now + arithmetic_cycles(unit, counts)
        yield from self._move(counts.read_bytes, dma.activation_tile_bytes, traffic.read)
        yield from self._move(counts.written_bytes, dma.result_tile_bytes, traffic.written)
        yield env.timeout(max(end_cycle, traffic.end_cycle) - env.now)

    def _move(
        self, total_bytes: int, tile_bytes: int, enter: Callable[[Any, int], None]
    ) -> Generator[simpy.Event, Any, None]:
        """Process: tile by tile; all at once when nobody else can ask for the bus."""
        left_bytes = total_bytes
        while left_bytes:
            now_bytes = left_bytes if self._quiet() else min(left_bytes, tile_bytes)
            left_bytes -= now_bytes
            booking = self._memory.book(now_bytes)
            enter(booking, now_bytes)
            yield self._env.timeout(booking.free_cycle - self._env.now)


def arithmetic_cycles(unit: UnitSpec, counts: WorkCounts) -> int:
    """Cycles of a piece of work with its data at hand."""
    return unit.setup_cycles + max(
        ceil_div(counts.multiplies, unit.multiplies_per_cycle),
        ceil_div(counts.adds, unit.adds_per_cycle),
    )
