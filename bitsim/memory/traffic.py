"""How much a stream moved for one purpose, and when; who had the bus."""

from __future__ import annotations

from dataclasses import dataclass

from bitsim.memory.protocol import Booking

Owner = tuple[int, str]  # index of the pass, name of the phase or piece of work


@dataclass
class BusSpan:
    """Transfers of one owner, from the first to the last, with none of another owner between.

    end_cycle      first cycle after the last transfer
    moving_cycles  cycles in which the bus moved data; in the others no transfer was asked for
    """

    owner: Owner
    start_cycle: int
    end_cycle: int
    moving_cycles: int


class BusLog:
    """Who had the bus, in order. A cycle that two transfers share is the later one's."""

    def __init__(self) -> None:
        self.spans: list[BusSpan] = []

    def enter(self, owner: Owner, booking: Booking) -> None:
        """One transfer, booked after those that were entered before."""
        start, end = booking.start_cycle, booking.end_cycle
        if self.spans and self.spans[-1].owner != owner:
            last = self.spans[-1]
            shared = max(0, last.end_cycle - start)
            last.end_cycle -= shared
            last.moving_cycles -= shared
            if last.end_cycle == last.start_cycle:
                self.spans.pop()
        if self.spans and self.spans[-1].owner == owner:
            last = self.spans[-1]
            last.moving_cycles += end - max(start, last.end_cycle)
            last.end_cycle = end
        else:
            self.spans.append(BusSpan(owner, start, end, end - start))


class Traffic:
    """Account of the transfers of one stream for one phase or piece of work, its owner."""

    def __init__(self, owner: Owner, bus: BusLog) -> None:
        self._owner = owner
        self._bus = bus
        self.start_cycle: int | None = None  # None: nothing moved yet
        self.end_cycle = 0
        self.read_bytes = 0
        self.written_bytes = 0

    def read(self, booking: Booking, transfer_bytes: int) -> None:
        """Enter a transfer from memory: it ends when its last byte has come."""
        self.read_bytes += transfer_bytes
        self._enter(booking, booking.last_arrival_cycle)

    def written(self, booking: Booking, transfer_bytes: int) -> None:
        """Enter a transfer to memory."""
        self.written_bytes += transfer_bytes
        self._enter(booking, booking.end_cycle)

    def _enter(self, booking: Booking, end_cycle: int) -> None:
        self._bus.enter(self._owner, booking)
        if self.start_cycle is None:
            self.start_cycle = booking.start_cycle
        self.end_cycle = max(self.end_cycle, end_cycle)
