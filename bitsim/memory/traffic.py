"""How much a stream moved for one purpose, and when."""

from __future__ import annotations

from bitsim.memory.protocol import Booking


class Traffic:
    """Account of the transfers of one stream for one phase or piece of work."""

    def __init__(self) -> None:
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
        if self.start_cycle is None:
            self.start_cycle = booking.start_cycle
        self.end_cycle = max(self.end_cycle, end_cycle)
