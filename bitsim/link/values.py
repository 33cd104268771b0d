"""The values of one list entry: sums by the array, and the form that memory holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitsim.array.protocol import Array, Sums
from bitsim.array.replay import matrix_of
from bitsim.spec.link.axi4 import SUM_BYTES, BusLayout, ListEntry
from bitsim.spec.phase import Phase
from bitsim.trace.job import Job
from bitsim.units import ceil_div


@dataclass(frozen=True, eq=False)
class EntryValues:
    """What array and result stage made of one entry; fields as in `ListPhase`.

    sums     as they left the array
    output   (m, n) or (m, rows)  int32
    largest  (m,)  int32, or None
    stored   (results_words * word_bytes,)  uint8
    """

    sums: Sums
    output: NDArray[np.int32]
    largest: NDArray[np.int32] | None
    stored: NDArray[np.uint8]


def entry_values(layout: BusLayout, array: Array, entry: ListEntry, job: Job) -> EntryValues:
    """A whole job through the array, and its sums through the result stage."""
    sums = array.sums(job.phase, array.image([matrix_of(job)]), job.activations)
    output, largest = sums.output, None
    if entry.codes:
        output, largest = codes_of(output)
        stored = _stored_codes(layout, entry, output, largest)
    elif entry.digits > 1:
        output = _sums_of_digits(layout, entry, output)
        stored = _stored_sums(layout, entry, job.phase, output)
    else:
        stored = _stored_sums(layout, entry, job.phase, output)
    return EntryValues(sums, output, largest, stored)


def codes_of(sums: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """(m, n) int8 codes in int32, (m,) int32 largest magnitudes; f32 as the reference has it."""
    largest = np.abs(sums).max(axis=1)
    scales = np.float32(127) / np.maximum(largest, 1).astype(np.float32)
    return np.rint(sums.astype(np.float32) * scales[:, None]).astype(np.int32), largest


def _sums_of_digits(
    layout: BusLayout, entry: ListEntry, sums: NDArray[np.int32]
) -> NDArray[np.int32]:
    """(m, rows) int32 from (m, n): row tiles `digits` by `digits`, the highest digit first."""
    rows, (m, n) = layout.array.rows, sums.shape
    whole = np.zeros((m, entry.row_tiles * rows), np.int32)
    whole[:, :n] = sums
    places = whole.reshape(m, -1, entry.digits, rows)
    total = places[:, :, 0]
    for digit in range(1, entry.digits):
        total = 3 * total + places[:, :, digit]
    return np.ascontiguousarray(total.reshape(m, -1))


def _stored_sums(
    layout: BusLayout, entry: ListEntry, phase: Phase, sums: NDArray[np.int32]
) -> NDArray[np.uint8]:
    """(bytes,) uint8: result beats in the order of the stream; padding is 0."""
    spec, (m, n) = layout.array, sums.shape
    row_tiles, groups = entry.row_tiles // entry.digits, entry.groups
    whole = np.zeros((groups * spec.vectors, row_tiles * spec.rows), np.int32)
    whole[:m, :n] = sums
    grid = whole.reshape(groups, spec.vectors, row_tiles, spec.rows)
    left = phase.model_copy(update={"n": row_tiles * spec.rows})  # digits are added up on the way
    tiles, at_groups = spec.tiling(left).result_order().T
    beats = grid[at_groups, :, tiles].transpose(0, 2, 1).reshape(len(tiles), spec.beat_sums)
    words = np.zeros((len(beats), layout.result_words * layout.bus.word_bytes), np.uint8)
    words[:, : beats.shape[1] * SUM_BYTES] = np.ascontiguousarray(beats, "<i4").view(np.uint8)
    return words.reshape(-1)


def _stored_codes(
    layout: BusLayout, entry: ListEntry, codes: NDArray[np.int32], largest: NDArray[np.int32]
) -> NDArray[np.uint8]:
    """(bytes,) uint8: of each vector its largest magnitude, then a byte for each place of a sum."""
    spec, word_bytes, (m, n) = layout.array, layout.bus.word_bytes, codes.shape
    assert spec.vectors == 1, "codes of one vector a group"
    rows = np.zeros((m, entry.row_tiles * spec.rows), np.int8)
    rows[:, :n] = codes
    beat_places = layout.result_words * word_bytes // SUM_BYTES
    places = np.zeros((m, entry.row_tiles, beat_places), np.int8)
    places[:, :, : spec.rows] = rows.reshape(m, entry.row_tiles, spec.rows)
    code_bytes = entry.row_tiles * beat_places
    stored = np.zeros((m, word_bytes * (1 + ceil_div(code_bytes, word_bytes))), np.uint8)
    stored[:, :SUM_BYTES] = largest.astype("<i4")[:, None].view(np.uint8)
    stored[:, word_bytes : word_bytes + code_bytes] = places.reshape(m, -1).view(np.uint8)
    return stored.reshape(-1)
