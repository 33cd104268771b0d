"""The part of one stream's arrival schedule that is known and not yet used up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Schedule:
    """Arrivals of one stream, or of parallel streams (the columns' weights).

    beats  (streams, known + 1)  int64  arrival cycles (take cycles for results); the last is no
                                        beat: before that cycle nothing more will be offered
    used   (streams,)            int64  how many beats have been transferred; the kernel counts

    One row stands for all streams as long as they are alike.
    """

    def __init__(self) -> None:
        self.beats: NDArray[np.int64] = np.zeros((1, 1), np.int64)
        self.used: NDArray[np.int64] = np.zeros(1, np.int64)

    def append(self, arrivals: NDArray[np.int64]) -> None:
        """Add (beats,) for all streams, or (streams, beats)."""
        streams = self.beats.shape[0]
        further = np.atleast_2d(arrivals)
        assert further.ndim == 2, further.shape
        assert further.shape[0] in (1, streams), further.shape
        assert further.dtype == np.int64, further.dtype
        if further.shape[1] == 0:
            return
        spent = int(self.used.min())
        left = self.beats.shape[1] - 1 - spent
        beats = np.zeros((streams, left + further.shape[1] + 1), np.int64)
        beats[:, :left] = self.beats[:, spent:-1]
        beats[:, left:-1] = further
        self.beats = beats
        self.used -= spent

    def silence(self, until_cycle: int) -> None:
        """Nothing more before `until_cycle`; the next `append` withdraws it."""
        self.beats[:, -1] = until_cycle

    def split(self, streams: int) -> None:
        """From now on one row for each of `streams` streams, which were alike so far."""
        assert self.beats.shape[0] == 1, self.beats.shape
        self.beats = np.repeat(self.beats, streams, axis=0)
        self.used = np.repeat(self.used, streams)
