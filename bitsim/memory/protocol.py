"""What every memory can be asked."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Booking(Protocol):
    """One transfer, whose cycles are settled from the moment it is booked."""

    @property
    def start_cycle(self) -> int:
        """First cycle in which it has the bus."""
        ...

    @property
    def free_cycle(self) -> int:
        """The cycle in which it leaves the bus; ask in this cycle to follow without a gap."""
        ...

    @property
    def end_cycle(self) -> int:
        """First cycle after it has left the bus: what was written is in memory."""
        ...

    @property
    def last_arrival_cycle(self) -> int:
        """First cycle in which all that was read can be used."""
        ...

    def arrivals(self, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """When what was read arrives, beat by beat.

        ends     (beats,)  int64  bytes of the transfer up to the end of each beat
        returns  (beats,)  int64  first cycle in which each beat can be offered
        """
        ...


class Memory(Protocol):
    """A memory on one bus: transfers get it one at a time, first come, first served."""

    latency_cycles: int

    def book(self, transfer_bytes: int) -> Booking:
        """Take the bus for so many bytes, as soon as it is free."""
        ...

    def earliest_arrival_cycle(self) -> int:
        """No beat of a transfer that is booked from now on arrives before this cycle."""
        ...
