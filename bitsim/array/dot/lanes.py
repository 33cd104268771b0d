"""What the lanes of the `dot` dataflow do in the steps that its control has issued.

One call does whole passes: all K beats of one row tile against the groups of one block. Within a
pass the order of the steps cannot be seen from outside, since sums wrap and counters add up.

A byte's weights are held in 4 or 8 *slots* of one int8 each, so that one look-up decodes a byte;
slots that no lane uses meet an activation of 0, which adds nothing and is counted as nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.spec import encoding
from bitsim.spec.encoding import Packing
from bitsim.units import ceil_div

Int8 = NDArray[np.int8]
Bytes = NDArray[np.uint8]
MOST_COLUMNS = 255  # that a uint8 can tally


def slot_table(packing: Packing) -> NDArray[Any]:
    """(256,) uint32 or uint64: the slots of each byte, by `bitsim.spec.encoding.byte_table`."""
    table = encoding.byte_table(packing)
    kind: Any = np.uint32 if table.shape[1] <= 4 else np.uint64
    slots = np.zeros((256, np.dtype(kind).itemsize), np.int8)
    slots[:, : table.shape[1]] = table
    return slots.view(kind)[:, 0].copy()


def slot_vectors(activations: Int8, lanes: int, packing: Packing) -> Int8:
    """Activations in the order of the slots that they meet.

    activations  (m, k)  int8
    returns      (m, k_beats * beat_bytes * slots)  int8; 0 where no lane or no k is
    """
    m, k = activations.shape
    places, slots = encoding.WEIGHTS_PER_BYTE[packing], slot_table(packing).itemsize
    k_beats, beat_bytes = ceil_div(k, lanes), encoding.beat_bytes(lanes, packing)
    by_lane = np.zeros((m, k_beats * lanes), np.int8)
    by_lane[:, :k] = activations
    by_place = np.zeros((m, k_beats, beat_bytes * places), np.int8)
    by_place[:, :, :lanes] = by_lane.reshape(m, k_beats, lanes)
    by_slot = np.zeros((m, k_beats, beat_bytes, slots), np.int8)
    by_slot[..., :places] = by_place.reshape(m, k_beats, beat_bytes, places)
    return by_slot.reshape(m, -1)


class Lanes(NamedTuple):
    """One phase.

    image    (row_tiles, k_beats, columns, beat_bytes)  uint8
    table    (256,)  `slot_table`
    vectors  (m, width)  int8  `slot_vectors`; width = k_beats * beat_bytes * slots
    nonzero  (blocks, width)  int32  how many vectors of the block are not 0 in each slot
    output   (m, n)  int32, written
    counts   (2,)  int64: adds, subtracts; added to
    packed   (columns, k_beats * beat_bytes)  of the table's type, scratch
    weights  (columns, width)  int8, the same memory
    tallies  (2, width)  uint8, scratch
    """

    image: Bytes
    table: NDArray[Any]
    vectors: Int8
    nonzero: NDArray[np.int32]
    block_vectors: int
    accumulator_bits: int
    output: NDArray[np.int32]
    counts: NDArray[np.int64]
    packed: NDArray[Any]
    weights: Int8
    tallies: Bytes


@njit(cache=True)
def passes(lanes: Lanes, first: int, end: int) -> None:
    """Do passes `first` to `end` - 1 of a phase, counted over all blocks."""
    row_tiles, columns = lanes.image.shape[0], lanes.image.shape[2]
    m, n = lanes.output.shape
    weights = lanes.weights
    for each in range(first, end):
        block, tile = each // row_tiles, each % row_tiles
        _decode(lanes.image[tile], lanes.table, lanes.packed)
        for start in range(0, columns, MOST_COLUMNS):
            some = weights[start : start + MOST_COLUMNS]
            _count(some, lanes.nonzero[block], lanes.tallies, lanes.counts)
        for v in range(block * lanes.block_vectors, min((block + 1) * lanes.block_vectors, m)):
            for column in range(min(columns, n - tile * columns)):
                total = _dot(weights[column], lanes.vectors[v])
                lanes.output[v, tile * columns + column] = _wrap(total, lanes.accumulator_bits)


@njit(inline="always")
def _decode(tile: Bytes, table: NDArray[Any], packed: NDArray[Any]) -> None:
    """The weights of one row tile, from the bytes that its columns are sent.

    tile    (k_beats, columns, beat_bytes)  uint8
    packed  (columns, k_beats * beat_bytes)  of the table's type, written in place
    """
    k_beats, columns, beat_bytes = tile.shape
    for beat in range(k_beats):
        for column in range(columns):
            for byte in range(beat_bytes):
                packed[column, beat * beat_bytes + byte] = table[tile[beat, column, byte]]


@njit(inline="always")
def _dot(weights: Int8, vector: Int8) -> Any:
    """One column's sum for one vector: each lane adds, subtracts or skips. |sum| < 2**31."""
    total = np.int32(0)
    for slot in range(weights.size):
        total = np.int32(total + np.int32(weights[slot]) * np.int32(vector[slot]))
    return total


@njit(inline="always")
def _count(
    weights: Int8, nonzero: NDArray[np.int32], tallies: Bytes, counts: NDArray[np.int64]
) -> None:
    """Adds and subtracts of up to MOST_COLUMNS columns with all vectors of a block.

    Tallied down the columns first: a slot's weights all meet the same activations.
    """
    plus, minus = tallies[0], tallies[1]
    for slot in range(nonzero.size):
        plus[slot] = minus[slot] = np.uint8(0)
    for column in range(weights.shape[0]):
        row = weights[column]
        for slot in range(row.size):
            plus[slot] = np.uint8(plus[slot] + np.uint8(row[slot] > 0))
            minus[slot] = np.uint8(minus[slot] + np.uint8(row[slot] < 0))
    for slot in range(nonzero.size):
        counts[0] += np.int64(plus[slot]) * nonzero[slot]
        counts[1] += np.int64(minus[slot]) * nonzero[slot]


@njit(inline="always")
def _wrap(total: int, bits: int) -> int:
    """Two's complement of `bits` bits."""
    half = 1 << (bits - 1)
    return ((total + half) & ((half << 1) - 1)) - half
