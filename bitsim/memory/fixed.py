"""A memory of one latency and one sustained bandwidth."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError
from bitsim.memory.clock import Clock
from bitsim.spec.memory.fixed import FixedMemorySpec
from bitsim.units import bytes_per_cycle, ceil_cycles, ceil_div

SLOWEST = Fraction(1, 1000)  # bytes per cycle; between the two, all times fit in 64 bits
FASTEST = Fraction(10_000_000)
FINEST = 1_000_000  # denominator of the rate: bandwidth is kept to a millionth of a byte per cycle


class FixedMemory:
    """One bus. A transfer has it for bytes / bandwidth; data read come a latency later.

    Reads are pipelined: the latency delays data, it does not occupy the bus. Time is counted in
    ticks: a byte takes `ticks_per_byte`, a cycle has `ticks_per_cycle`, both whole numbers. So a
    transfer may start in the middle of a cycle, right after another one, and a long stream gets the
    exact bandwidth, however it is cut.
    """

    def __init__(self, env: Clock, spec: FixedMemorySpec, clock_mhz: float) -> None:
        rate = _exact(spec.peak_gb_per_s) * _exact(spec.efficiency) * 1000 / _exact(clock_mhz)
        if not SLOWEST <= rate <= FASTEST:
            raise BitsimError(
                f"memory.peak_gb_per_s = {spec.peak_gb_per_s} at clock_mhz = {clock_mhz}: "
                f"{bytes_per_cycle(spec.expected_gb_per_s, clock_mhz):.3g} bytes a cycle; must be "
                f"from {float(SLOWEST):g} to {float(FASTEST):g}"
            )
        rate = rate.limit_denominator(FINEST)
        self.ticks_per_cycle = rate.numerator
        self.ticks_per_byte = rate.denominator
        self.latency_cycles = ceil_cycles(spec.latency_ns, clock_mhz)
        self._env = env
        self._free_tick = 0

    def book(self, transfer_bytes: int) -> FixedBooking:
        """Take the bus for so many bytes, as soon as it is free."""
        start_tick = self._start_tick()
        self._free_tick = start_tick + transfer_bytes * self.ticks_per_byte
        return FixedBooking(self, start_tick, self._free_tick)

    def earliest_arrival_cycle(self) -> int:
        """No beat of a transfer that is booked from now on arrives before this cycle."""
        return self._start_tick() // self.ticks_per_cycle + self.latency_cycles + 1

    def _start_tick(self) -> int:
        return max(self._free_tick, self._env.now * self.ticks_per_cycle)


@dataclass(slots=True)  # not frozen: one is made for each tile, and freezing costs more than it
class FixedBooking:
    """One transfer, from its first to its last tick on the bus."""

    memory: FixedMemory
    start_tick: int
    end_tick: int

    @property
    def start_cycle(self) -> int:
        """First cycle in which the transfer has the bus, be it for a part of the cycle."""
        return self.start_tick // self.memory.ticks_per_cycle

    @property
    def free_cycle(self) -> int:
        """The cycle in which it leaves the bus."""
        return self.end_tick // self.memory.ticks_per_cycle

    @property
    def end_cycle(self) -> int:
        """First cycle after it has left the bus."""
        return ceil_div(self.end_tick, self.memory.ticks_per_cycle)

    @property
    def last_arrival_cycle(self) -> int:
        """First cycle in which all that was read can be used."""
        return self.end_cycle + self.memory.latency_cycles

    def arrivals(self, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """(beats,) int64 ends in bytes to (beats,) int64 cycles; see `Booking.arrivals`."""
        per_cycle = self.memory.ticks_per_cycle
        cycle, tick = divmod(self.start_tick, per_cycle)
        whole = (ends * self.memory.ticks_per_byte + (tick + per_cycle - 1)) // per_cycle
        return whole + (cycle + self.memory.latency_cycles)


def _exact(value: float) -> Fraction:
    """The decimal number that was written, not its binary neighbour."""
    return Fraction(repr(value))
