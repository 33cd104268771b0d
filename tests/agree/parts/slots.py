"""The smallest memory that is one: a transfer begins at the next whole slot of so many cycles.

It is in no part of bitsim: the tests register it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bitsim.memory.clock import Clock
from bitsim.spec.memory.memory import MemorySpec
from bitsim.spec.memory.registry import MemoryKind
from bitsim.units import ceil_div


class SlotMemorySpec(MemorySpec):
    """Whole bytes a cycle, in slots."""

    kind: Literal["slots"] = Field(description="which memory this is")
    bytes_per_cycle: int = Field(ge=1, le=4096, description="of a transfer that has begun")
    slot_cycles: int = Field(ge=1, le=4096, description="a transfer begins at a multiple of it")

    @property
    def most_gb_per_s(self) -> float:
        return float(self.bytes_per_cycle)  # of a clock of 1 GHz

    @property
    def expected_gb_per_s(self) -> float:
        return float(self.bytes_per_cycle)

    @property
    def figures(self) -> tuple[tuple[float, str], ...]:
        return ((float(self.slot_cycles), "cycle slots"),)


@dataclass
class SlotBooking:
    """See `bitsim.memory.protocol.Booking`."""

    start_cycle: int
    end_cycle: int
    bytes_per_cycle: int

    @property
    def free_cycle(self) -> int:
        return self.end_cycle

    @property
    def last_arrival_cycle(self) -> int:
        return self.end_cycle

    def arrivals(self, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        return self.start_cycle + -(-ends // self.bytes_per_cycle)


class SlotMemory:
    """See `bitsim.memory.protocol.Memory`."""

    latency_cycles = 0

    def __init__(self, env: Clock, spec: SlotMemorySpec, clock_mhz: float) -> None:
        self._env = env
        self._spec = spec
        self._free_cycle = 0

    def book(self, transfer_bytes: int) -> SlotBooking:
        start = self._start_cycle()
        self._free_cycle = start + ceil_div(transfer_bytes, self._spec.bytes_per_cycle)
        return SlotBooking(start, self._free_cycle, self._spec.bytes_per_cycle)

    def earliest_arrival_cycle(self) -> int:
        return self._start_cycle() + 1

    def _start_cycle(self) -> int:
        slot = self._spec.slot_cycles
        return ceil_div(max(self._free_cycle, self._env.now), slot) * slot


SLOTS = MemoryKind(name="slots", spec=SlotMemorySpec, model=SlotMemory)
