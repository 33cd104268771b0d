"""The values of one list entry: sums by the array's lanes, and what memory holds of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitsim.array.dot.model import DotArray
from bitsim.array.dot.numbers import DotNumbers
from bitsim.array.replay import matrix_of
from bitsim.spec.array.dot import DotSpec, DotTiling
from bitsim.spec.link.axi4 import SUM_BYTES, BusLayout, ListEntry
from bitsim.trace.job import Job
from bitsim.units import ceil_div


@dataclass(frozen=True, eq=False)
class EntryValues:
    """What lanes and result stage made of one entry; fields as in `ListPhase`.

    output   (m, n) or (m, rows)  int32
    largest  (m,)  int32, or None
    stored   (results_words * word_bytes,)  uint8
    """

    output: NDArray[np.int32]
    largest: NDArray[np.int32] | None
    stored: NDArray[np.uint8]
    adds: int
    subtracts: int


def entry_values(layout: BusLayout, entry: ListEntry, job: Job) -> EntryValues:
    """All passes of a job through the lanes, and the sums through the result stage."""
    spec, tiling = layout.array, layout.array.tiling(job.phase)
    image = DotArray(spec, values=True).image([matrix_of(job)])
    numbers = DotNumbers.of(spec, job.phase, tiling, image, job.activations)
    numbers.do(spec, tiling.row_tiles * tiling.blocks)
    output, largest = numbers.output, None
    if entry.codes:
        output, largest = codes_of(output)
        stored = _stored_codes(layout, tiling, output, largest)
    elif entry.digits > 1:
        output = _sums_of_digits(spec, tiling, output, entry.digits)
        stored = _stored_sums(layout, tiling, tiling.row_tiles // entry.digits, output)
    else:
        stored = _stored_sums(layout, tiling, tiling.row_tiles, output)
    adds, subtracts = (int(count) for count in numbers.counts)
    return EntryValues(output, largest, stored, adds, subtracts)


def codes_of(sums: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """(m, n) int8 codes in int32, (m,) int32 largest magnitudes; f32 as the reference has it."""
    largest = np.abs(sums).max(axis=1)
    scales = np.float32(127) / np.maximum(largest, 1).astype(np.float32)
    return np.rint(sums.astype(np.float32) * scales[:, None]).astype(np.int32), largest


def _sums_of_digits(
    spec: DotSpec, tiling: DotTiling, sums: NDArray[np.int32], digits: int
) -> NDArray[np.int32]:
    """(m, rows) int32 from (m, n): row tiles `digits` by `digits`, the highest digit first."""
    m, n = sums.shape
    whole = np.zeros((m, tiling.row_tiles * spec.columns), np.int32)
    whole[:, :n] = sums
    places = whole.reshape(m, -1, digits, spec.columns)
    total = places[:, :, 0]
    for digit in range(1, digits):
        total = 3 * total + places[:, :, digit]
    return np.ascontiguousarray(total.reshape(m, -1))


def _stored_sums(
    layout: BusLayout, tiling: DotTiling, row_tiles: int, sums: NDArray[np.int32]
) -> NDArray[np.uint8]:
    """(bytes,) uint8: result beats in the order of the stream; padding is 0."""
    spec, (m, n) = layout.array, sums.shape
    whole = np.zeros((tiling.groups * spec.slices, row_tiles * spec.columns), np.int32)
    whole[:m, :n] = sums
    grid = whole.reshape(tiling.groups, spec.slices, row_tiles, spec.columns)
    places = grid.transpose(2, 0, 3, 1).reshape(row_tiles, tiling.groups, -1)
    beats = np.concatenate(
        [
            places[:, first : first + spec.hold].reshape(-1, spec.columns * spec.slices)
            for first in range(0, tiling.groups, spec.hold)
        ]
    )
    words = np.zeros((len(beats), layout.result_words * layout.bus.word_bytes), np.uint8)
    words[:, : beats.shape[1] * SUM_BYTES] = np.ascontiguousarray(beats, "<i4").view(np.uint8)
    return words.reshape(-1)


def _stored_codes(
    layout: BusLayout, tiling: DotTiling, codes: NDArray[np.int32], largest: NDArray[np.int32]
) -> NDArray[np.uint8]:
    """(bytes,) uint8: of each vector its largest magnitude, then a byte for each place of a sum."""
    spec, word_bytes, (m, n) = layout.array, layout.bus.word_bytes, codes.shape
    assert spec.slices == 1, "codes of one vector a group"
    rows = np.zeros((m, tiling.row_tiles * spec.columns), np.int8)
    rows[:, :n] = codes
    beat_places = layout.result_words * word_bytes // SUM_BYTES
    places = np.zeros((m, tiling.row_tiles, beat_places), np.int8)
    places[:, :, : spec.columns] = rows.reshape(m, tiling.row_tiles, spec.columns)
    code_bytes = tiling.row_tiles * beat_places
    stored = np.zeros((m, word_bytes * (1 + ceil_div(code_bytes, word_bytes))), np.uint8)
    stored[:, :SUM_BYTES] = largest.astype("<i4")[:, None].view(np.uint8)
    stored[:, word_bytes : word_bytes + code_bytes] = places.reshape(m, -1).view(np.uint8)
    return stored.reshape(-1)
