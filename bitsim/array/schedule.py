"""The part of one stream's arrival schedule that is known and not yet used up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Schedule:
    """Arrivals of one stream, or of parallel streams (the columns' weights).

    beats  (streams, known)  int64  arrival cycles (take cycles for results)
    used   (streams,)        int64  how many of them have been transferred; the kernel counts it

    One row stands for all streams as long as they are alike.
    """

    def __init__(self) -> None:
        self.beats: NDArray[np.int64] = np.empty((1, 0), np.int64)
        self.used: NDArray[np.int64] = np.zeros(1, np.int64)
        self.silent_until_cycle = 0

    def append(self, arrivals: NDArray[np.int64]) -> None:
        """Add (beats,) for all streams, or (streams, beats)."""
        further = np.atleast_2d(np.asarray(arrivals, np.int64))
        streams = self.beats.shape[0]
        assert further.ndim == 2, further.shape
        assert further.shape[0] in (1, streams), further.shape
        if further.shape[1] == 0:
            return
        spent = int(self.used.min())
        further = np.broadcast_to(further, (streams, further.shape[1]))
        self.beats = np.concatenate((self.beats[:, spent:], further), axis=1)
        self.used -= spent
        self.silent_until_cycle = 0

    def split(self, streams: int) -> None:
        """From now on one row for each of `streams` streams, which were alike so far."""
        assert self.beats.shape[0] == 1, self.beats.shape
        self.beats = np.repeat(self.beats, streams, axis=0)
        self.used = np.repeat(self.used, streams)
