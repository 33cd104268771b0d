"""2-bit rows of a matrix to the bytes that the columns of a `dot` array are sent."""

from __future__ import annotations

import itertools

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bitsim.spec import encoding
from bitsim.spec.encoding import Packing

RESERVED = 1 << 8  # marks a window that holds a reserved digit
ZEROS = 0b01_01_01_01_01  # weight 0 in every place of a window


def recode_table(packing: Packing) -> NDArray[np.uint16]:
    """(4 ** weights per byte,) uint16: the byte of so many 2-bit digits, first digit lowest."""
    places = encoding.WEIGHTS_PER_BYTE[packing]
    digits = np.array(list(itertools.product(range(4), repeat=places)))[:, ::-1]
    reserved = (digits == 3).any(axis=1)
    weights = np.where(reserved[:, None], 0, digits - 1).astype(np.int8)
    return np.where(reserved, RESERVED, encoding.pack(weights, packing)[:, 0]).astype(np.uint16)


@njit(cache=True)
def pack_rows(
    packed: NDArray[np.uint8],
    k: int,
    first_row: int,
    lanes: int,
    places: int,
    recode: NDArray[np.uint16],
    image: NDArray[np.uint8],
) -> bool:
    """Write the rows of one matrix into a weight image; False if a code is reserved.

    packed     (rows, ceil(k / 4))  uint8  `2bit`
    first_row  row of the image that the matrix's first row becomes
    places     weights per byte of the image
    recode     (4 ** places,)  uint16  `recode_table`
    image      (row_tiles, k_beats, columns, beat_bytes)  uint8, written in place
    """
    _, k_beats, columns, beat_bytes = image.shape
    seen = 0
    for row in range(packed.shape[0]):
        codes = packed[row]
        tile, column = (first_row + row) // columns, (first_row + row) % columns
        for beat in range(k_beats):
            end = min(k, (beat + 1) * lanes)
            for byte in range(beat_bytes):
                start = beat * lanes + byte * places
                window = ZEROS
                if start < end:
                    at = start >> 2
                    window = np.int64(codes[at])
                    if at + 1 < codes.size:
                        window |= np.int64(codes[at + 1]) << 8
                    window >>= 2 * (start & 3)
                    if end - start < places:
                        mask = (1 << 2 * (end - start)) - 1
                        window = (window & mask) | (ZEROS & ~mask)
                code = recode[window & (recode.size - 1)]
                seen |= code
                image[tile, beat, column, byte] = code
    return seen < RESERVED
