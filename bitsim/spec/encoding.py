"""How a ternary weight is written in bits: the one thing that all four readings share.

A weight w in {-1, 0, +1} is the digit w + 1 in {0, 1, 2}.

`2bit`   four weights in a byte, first weight in the lowest two bits; digit 3 is reserved.
`base3`  five weights in a byte, first weight the lowest base-3 digit; bytes above 242 are reserved.

A *beat* is what one column of the array takes in one cycle: `lanes` consecutive weights along K,
in as few whole bytes as hold them. Places of a beat that no weight fills hold digit 1 (weight 0).
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bitsim.units import ceil_div

Packing = Literal["2bit", "base3"]
PACKINGS: tuple[Packing, ...] = get_args(Packing)

ZERO_DIGIT = 1  # the digit of weight 0
WEIGHTS_PER_BYTE: dict[Packing, int] = {"2bit": 4, "base3": 5}
RADIX: dict[Packing, int] = {"2bit": 4, "base3": 3}
LARGEST_ACTIVATION = 128  # |-128|, the worst int8


def beat_bytes(lanes: int, packing: Packing) -> int:
    """Bytes of one beat of one column."""
    return ceil_div(lanes, WEIGHTS_PER_BYTE[packing])


def byte_table(packing: Packing) -> NDArray[np.int8]:
    """(256, weights per byte) int8: the weights of each byte; reserved digits read as weight 2.

    A weight of 2 never leaves this table: `unpack` refuses it.
    """
    radix, count = RADIX[packing], WEIGHTS_PER_BYTE[packing]
    byte = np.arange(256)
    digits = np.stack([byte // radix**place % radix for place in range(count)], axis=1)
    if packing == "base3":
        digits[byte >= radix**count] = 3
    return (digits - 1).astype(np.int8)


def pack(weights: NDArray[np.int8], packing: Packing) -> NDArray[np.uint8]:
    """Pack the last axis.

    weights  (..., k)  int8 in {-1, 0, 1}
    returns  (..., ceil(k / weights per byte))  uint8
    """
    assert weights.size == 0 or (weights.min() >= -1 and weights.max() <= 1), "not ternary"
    count, radix = WEIGHTS_PER_BYTE[packing], RADIX[packing]
    k = weights.shape[-1]
    width = ceil_div(k, count)
    digits = np.full((*weights.shape[:-1], width * count), ZERO_DIGIT, np.uint8)
    digits[..., :k] = weights + 1
    grouped = digits.reshape(*weights.shape[:-1], width, count)
    packed = np.zeros(grouped.shape[:-1], np.uint8)
    for place in range(count):
        packed += grouped[..., place] * np.uint8(radix**place)
    return packed


def unpack(packed: NDArray[np.uint8], k: int, packing: Packing) -> NDArray[np.int8]:
    """Inverse of `pack`: (..., bytes) uint8 to (..., k) int8; ValueError on a reserved code."""
    weights = byte_table(packing)[packed].reshape(*packed.shape[:-1], -1)[..., :k]
    if weights.size and weights.max() > 1:
        raise ValueError(f"reserved {packing} code")
    return weights


def weight_image(
    weights: NDArray[np.int8], columns: int, lanes: int, packing: Packing
) -> NDArray[np.uint8]:
    """The bytes that an array of `columns` x `lanes` streams for a matrix, in order.

    weights  (n, k)  int8
    returns  (ceil(n / columns), ceil(k / lanes), columns, beat_bytes)  uint8; rows and lanes
             beyond the matrix hold weight 0. Column c of row tile i holds row i * columns + c.
    """
    n, k = weights.shape
    tiles, beats = ceil_div(n, columns), ceil_div(k, lanes)
    padded = np.zeros((tiles * columns, beats * lanes), np.int8)
    padded[:n, :k] = weights
    grid = padded.reshape(tiles, columns, beats, lanes).transpose(0, 2, 1, 3)
    return pack(grid, packing)
