"""What the lanes of the `dot` dataflow do in the steps that its control has issued.

One call does whole passes: all K beats of one row tile against the groups of one block. Within a
pass the order of the steps cannot be seen from outside, since sums wrap and counters add up.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Int8 = NDArray[np.int8]


@njit(cache=True)
def decode(tile: Bytes, table: Int8, lanes: int, weights: Int8) -> None:
    """The weights of one row tile, from the bytes that its columns are sent.

    tile     (k_beats, columns, beat_bytes)  uint8
    table    (256, weights per byte)  int8  `byte_table` of bitsim.spec.encoding
    weights  (columns, k_beats * lanes)  int8, written in place
    """
    k_beats, columns, beat_bytes = tile.shape
    places = table.shape[1]
    for beat in range(k_beats):
        for column in range(columns):
            lane = 0
            for byte in range(beat_bytes):
                code = tile[beat, column, byte]
                for place in range(min(places, lanes - lane)):
                    weights[column, beat * lanes + lane] = table[code, place]
                    lane += 1


@njit(cache=True)
def dot(weights: Int8, vector: Int8) -> int:
    """The sum of one column for one vector: each lane adds, subtracts or skips. |sum| < 2**31."""
    total = np.int32(0)
    for k in range(weights.size):
        total = np.int32(total + np.int32(weights[k]) * np.int32(vector[k]))
    return np.int64(total)


@njit(cache=True)
def count(weights: Int8, nonzero: NDArray[np.int32]) -> tuple[int, int]:
    """Adds and subtracts of one column: each weight meets `nonzero` activations that are not 0."""
    adds = np.int64(0)
    subtracts = np.int64(0)
    for k in range(weights.size):
        adds += np.int64(nonzero[k] if weights[k] > 0 else 0)
        subtracts += np.int64(nonzero[k] if weights[k] < 0 else 0)
    return adds, subtracts


@njit(cache=True)
def wrap(total: int, bits: int) -> int:
    """Two's complement of `bits` bits."""
    half = np.int64(1) << (bits - 1)
    return ((total + half) & ((half << 1) - 1)) - half


@njit(cache=True)
def passes(
    image: Bytes,
    table: Int8,
    lanes: int,
    vectors: Int8,
    nonzero: NDArray[np.int32],
    block_vectors: int,
    accumulator_bits: int,
    first: int,
    last: int,
    output: NDArray[np.int32],
    counts: NDArray[np.int64],
) -> None:
    """Passes `first` to `last` - 1 of a phase, counted over all blocks.

    image    (row_tiles, k_beats, columns, beat_bytes)  uint8
    table    (256, weights per byte)  int8
    vectors  (m, k_beats * lanes)  int8; places beyond k hold 0
    nonzero  (blocks, k_beats * lanes)  int32: vectors of the block that are not 0 in a place
    output   (m, n)  int32; written in place
    counts   (2,)  int64: adds, subtracts; added to
    """
    row_tiles, k_beats, columns, _ = image.shape
    m, n = output.shape
    weights = np.empty((columns, k_beats * lanes), np.int8)
    for each in range(first, last):
        block, tile = each // row_tiles, each % row_tiles
        decode(image[tile], table, lanes, weights)
        for column in range(columns):
            adds, subtracts = count(weights[column], nonzero[block])
            counts[0] += adds
            counts[1] += subtracts
        for v in range(block * block_vectors, min((block + 1) * block_vectors, m)):
            for column in range(min(columns, n - tile * columns)):
                total = dot(weights[column], vectors[v])
                output[v, tile * columns + column] = wrap(total, accumulator_bits)
