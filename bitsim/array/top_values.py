"""The values of one list entry: sums by the array's lanes, and what memory holds of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitsim.array.dot import DotArray
from bitsim.array.dot_numbers import DotNumbers
from bitsim.array.replay import matrix_of
from bitsim.spec.bus import SUM_BYTES, BusLayout
from bitsim.spec.dot import DotSpec, DotTiling
from bitsim.trace.job import Job


@dataclass(frozen=True, eq=False)
class EntryValues:
    """What the lanes made of one entry.

    output  (m, n)  int32
    stored  (results_words * word_bytes,)  uint8
    """

    output: NDArray[np.int32]
    stored: NDArray[np.uint8]
    adds: int
    subtracts: int


def entry_values(layout: BusLayout, job: Job) -> EntryValues:
    """All passes of a job through the lanes."""
    spec, tiling = layout.array, layout.array.tiling(job.phase)
    image = DotArray(spec, values=True).image([matrix_of(job)])
    numbers = DotNumbers.of(spec, job.phase, tiling, image, job.activations)
    numbers.do(spec, tiling.row_tiles * tiling.blocks)
    adds, subtracts = (int(count) for count in numbers.counts)
    return EntryValues(
        output=numbers.output,
        stored=_stored(layout, _result_beats(spec, tiling, numbers.output)),
        adds=adds,
        subtracts=subtracts,
    )


def _result_beats(spec: DotSpec, tiling: DotTiling, output: NDArray[np.int32]) -> NDArray[np.int32]:
    """(result beats, columns * slices) int32 in the order of the stream; padding sums to 0."""
    m, n = output.shape
    whole = np.zeros((tiling.groups * spec.slices, tiling.row_tiles * spec.columns), np.int32)
    whole[:m, :n] = output
    grid = whole.reshape(tiling.groups, spec.slices, tiling.row_tiles, spec.columns)
    places = grid.transpose(2, 0, 3, 1).reshape(tiling.row_tiles, tiling.groups, -1)
    blocks = [
        places[:, first : first + spec.hold].reshape(-1, spec.columns * spec.slices)
        for first in range(0, tiling.groups, spec.hold)
    ]
    return np.concatenate(blocks)


def _stored(layout: BusLayout, beats: NDArray[np.int32]) -> NDArray[np.uint8]:
    """(bytes,) uint8: each beat in whole words, what it does not fill 0."""
    words = np.zeros((len(beats), layout.result_words * layout.bus.word_bytes), np.uint8)
    words[:, : beats.shape[1] * SUM_BYTES] = np.ascontiguousarray(beats, "<i4").view(np.uint8)
    return words.reshape(-1)
