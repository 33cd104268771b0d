"""2-bit rows of a matrix to the bytes that the columns of a `dot` array are sent."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.spec import encoding
from bitsim.spec.encoding import Packing

RESERVED = 1 << 8  # marks a window that holds a reserved digit
ZEROS = 0b01_01_01_01_01  # digits of weight 0: a window of five, the most that a byte holds


def recode_table(packing: Packing) -> NDArray[np.uint16]:
    """(4 ** weights per byte,) uint16: the byte of so many 2-bit digits, first digit lowest."""
    places = encoding.WEIGHTS_PER_BYTE[packing]
    digits = np.array(list(itertools.product(range(4), repeat=places)))[:, ::-1]
    reserved = (digits == 3).any(axis=1)
    weights = np.where(reserved[:, None], 0, digits - 1).astype(np.int8)
    table = encoding.pack(weights, packing)[:, 0].astype(np.uint16)
    table[reserved] = RESERVED
    return table


@njit(cache=True)
def pack_rows(
    packed: NDArray[np.uint8],
    first_row: int,
    lanes: int,
    places: int,
    recode: NDArray[np.uint16],
    image: NDArray[np.uint8],
) -> bool:
    """Write the rows of one matrix into a weight image; False if a code is reserved.

    packed     (rows, ceil(k / 4))  uint8  `2bit`; places beyond k hold weight 0
    first_row  row of the image that the matrix's first row becomes
    places     weights per byte of the image
    recode     (4 ** places,)  uint16  `recode_table`
    image      (row_tiles, k_beats, columns, beat_bytes)  uint8, written in place
    """
    _, k_beats, columns, beat_bytes = image.shape
    last = places - (beat_bytes * places - lanes)  # weights in the last byte of a beat
    whole, part = (1 << 2 * places) - 1, (1 << 2 * last) - 1  # digits of a byte that are kept
    codes = np.empty(max(packed.shape[1], k_beats * lanes // 4) + 2, np.uint8)
    for byte in range(packed.shape[1], codes.size):
        codes[byte] = ZEROS & 255
    seen = 0
    for row in range(packed.shape[0]):
        for byte in range(packed.shape[1]):
            codes[byte] = packed[row, byte]
        tile, column = (first_row + row) // columns, (first_row + row) % columns
        for beat in range(k_beats):
            for byte in range(beat_bytes):
                start = beat * lanes + byte * places
                pair = codes[start >> 2] | np.int64(codes[(start >> 2) + 1]) << 8
                keep = part if byte == beat_bytes - 1 else whole
                window = (pair >> 2 * (start & 3)) & keep | ZEROS & ~keep
                code = recode[window & (recode.size - 1)]
                seen |= code
                image[tile, beat, column, byte] = code
    return seen < RESERVED
