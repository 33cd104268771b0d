"""Whole numbers as ternary rows: how a ternary array multiplies by int8 (docs/top.md, PASS).

A code is written in balanced ternary, digits of -1, 0 and +1, the highest first:
code = sum of digit_d x 3^(digits - 1 - d). A row of codes becomes `digits` ternary rows, one for
each place. Their sums, added up by the same formula, give exactly the sum of the row of codes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bitsim.spec.encoding import WEIGHTS_PER_BYTE, ZERO_DIGIT
from bitsim.spec.ternary import TernaryMatrix
from bitsim.units import ceil_div

PLACES = WEIGHTS_PER_BYTE["2bit"]
LARGEST_CODE = 127  # of int8 rows that are scaled by their largest magnitude
CHUNK_TILES = 64  # bounds what is held unpacked


def largest_code(digits: int) -> int:
    """(3^digits - 1) / 2: codes from minus this to this have so many digits."""
    return 3**digits // 2


def digits_for(largest: int) -> int:
    """The fewest digits that hold -largest ... largest; 6 for any int8."""
    digits = 1
    while largest_code(digits) < largest:
        digits += 1
    return digits


INT8_DIGITS = digits_for(LARGEST_CODE)


def zero_fraction(digits: int) -> float:
    """Share of zeros among the digits of all codes that a row may have, equally frequent."""
    most = min(LARGEST_CODE, largest_code(digits))
    codes = np.arange(-most, most + 1)
    zeros = sum(int((_digit(codes, digits, place) == ZERO_DIGIT).sum()) for place in range(digits))
    return zeros / (digits * codes.size)


def digit_matrix(name: str, codes: NDArray[np.int8], digits: int, columns: int) -> TernaryMatrix:
    """The rows of an array of `columns` that stand for rows of codes.

    codes    (n, k)  int8, magnitudes of at most `largest_code(digits)`
    returns  (digits * n rounded up to whole row tiles, k): of each row tile its `digits` row tiles,
             highest digit first; rows beyond n hold weight 0
    """
    n, k = codes.shape
    tiles, width = ceil_div(n, columns), ceil_div(k, PLACES)
    packed = np.empty((tiles, digits, columns, width), np.uint8)
    for first in range(0, tiles, CHUNK_TILES):
        end = min(first + CHUNK_TILES, tiles)
        chunk = np.zeros(((end - first) * columns, width * PLACES), np.int8)
        rows = codes[first * columns : end * columns]
        chunk[: len(rows), :k] = rows
        assert np.abs(chunk.astype(np.int16)).max() <= largest_code(digits), name
        for place in range(digits):
            table = _digit(np.arange(256).astype(np.uint8).view(np.int8), digits, place)
            digit = table.astype(np.uint8)[chunk.view(np.uint8)].reshape(-1, columns, width, PLACES)
            packed[first:end, place] = sum(
                digit[..., each] << np.uint8(2 * each) for each in range(PLACES)
            )
    return TernaryMatrix(name, tiles * digits * columns, k, packed.reshape(-1, width), 1.0)


def joined(sums: NDArray[np.int32], digits: int, columns: int) -> NDArray[np.int32]:
    """(m, rows) int32: sums of rows of codes, from (m, digits * rows) of `digit_matrix`'s rows."""
    m = len(sums)
    places = sums.reshape(m, -1, digits, columns)
    total = places[:, :, 0].copy()
    for place in range(1, digits):
        total *= 3
        total += places[:, :, place]
    return total.reshape(m, -1)


def _digit(codes: NDArray[np.signedinteger], digits: int, place: int) -> NDArray[np.int64]:
    """The digit as `bitsim.spec.encoding` writes it, 0 for -1; place 0 is the highest."""
    return (codes.astype(np.int64) + largest_code(digits)) // 3 ** (digits - 1 - place) % 3
