"""Hands the tiles of one stream to the array, and their buffers back to DMA."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bitsim.memory.fetch import Fetch


class Feed:
    """Between a `Fetch` and the array: one tile at a time.

    The array asks for the next beat when it has taken the last beat of a tile and has room. Then
    the tile's buffer is free, and the next tile may be handed over.
    """

    def __init__(self, fetch: Fetch, offer: Callable[[NDArray[np.int64]], None]) -> None:
        self.fetch = fetch
        self._offer = offer
        self.holds = False  # the array has a tile and has not asked for the beat after it
        self.last_arrival_cycle = 0  # of that tile

    def asked(self) -> None:
        """The array asks for the beat after the tile that it was given."""
        if self.holds:
            self.holds = False
            self.fetch.release()

    def offer(self) -> bool:
        """Hand over the next tile, if one is in flight or in its buffer."""
        assert not self.holds
        if not self.fetch.ready:
            return False
        arrivals = self.fetch.ready.popleft()
        self.last_arrival_cycle = int(arrivals[-1])
        self._offer(arrivals)
        self.holds = True
        return True
