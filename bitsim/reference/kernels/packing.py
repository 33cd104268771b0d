"""Between the byte layout of packed Hugging Face files and the one of `bitsim.spec.encoding`."""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.reference.kernels import threads
from bitsim.units import ceil_div

ROWS_PER_BYTE = 4
LINE_BYTES = 64
ZERO_DIGITS = np.uint8(0b01010101)  # four weights of 0


@njit(inline="always")
def _repack_row(stored, packed, row):
    """Four rows of `packed`; returns how many codes are reserved."""
    quarter, k = stored.shape
    reserved = 0
    for column in range(k):
        code = stored[row, column]
        pairs = code & (code >> np.uint8(1)) & ZERO_DIGITS
        reserved += (pairs & 1) + ((pairs >> 2) & 1) + ((pairs >> 4) & 1) + (pairs >> 6)
    for part in range(ROWS_PER_BYTE):
        shift = np.uint8(2 * part)
        target = packed[part * quarter + row]
        for byte in range(k // 4):
            digits = np.uint8(0)
            for place in range(4):
                digit = (stored[row, 4 * byte + place] >> shift) & np.uint8(3)
                digits |= digit << np.uint8(2 * place)
            target[byte] = digits
        if k % 4:
            digits = ZERO_DIGITS << np.uint8(2 * (k % 4))
            for place in range(k % 4):
                digit = (stored[row, k - k % 4 + place] >> shift) & np.uint8(3)
                digits |= digit << np.uint8(2 * place)
            target[k // 4] = digits
    return reserved


@njit(cache=True)
def _repack(stored, packed):
    reserved = 0
    for row in range(stored.shape[0]):
        reserved += _repack_row(stored, packed, row)
    return reserved


@njit(cache=True, parallel=True)
def _repack_parallel(stored, packed):
    reserved = 0
    for row in prange(stored.shape[0]):
        reserved += _repack_row(stored, packed, row)
    return reserved


def empty_codes(rows: int, row_bytes: int) -> NDArray[np.uint8]:
    """Room for packed codes, (rows, row_bytes) uint8, that begins with a cache line.

    A vector of codes then lies in one line where rows are whole vectors, as in the 2B model.
    """
    room = np.empty(rows * row_bytes + LINE_BYTES, np.uint8)
    first = -room.ctypes.data % LINE_BYTES
    return room[first : first + rows * row_bytes].reshape(rows, row_bytes)


def from_hugging_face(stored: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    """Four rows a byte to four columns a byte.

    stored   (n / 4, k)  uint8: bits 1:0, 3:2, 5:4, 7:6 of byte (r, c) are column c of rows r,
             r + n/4, r + 2n/4, r + 3n/4 (transformers 5.23 `integrations/bitnet.py`)
    returns  packed (n, ceil(k / 4)) uint8, `2bit` of `bitsim.spec.encoding`; and how many of the
             codes are the reserved 3, which makes it void
    """
    quarter, k = stored.shape
    packed = empty_codes(ROWS_PER_BYTE * quarter, ceil_div(k, 4))
    run = _repack_parallel if threads.worthwhile(packed.shape[0] * k) else _repack
    return packed, int(run(stored, packed))


@njit(cache=True)
def _store_row(packed, stored, row):
    """Row `row` of `stored`, from four rows of `packed`."""
    quarter, k = stored.shape
    for column in range(k):
        shift = np.uint8(2 * (column % 4))
        code = np.uint8(0)
        for part in range(ROWS_PER_BYTE):
            digit = (packed[part * quarter + row, column // 4] >> shift) & np.uint8(3)
            code |= digit << np.uint8(2 * part)
        stored[row, column] = code


@njit(cache=True)
def _store(packed, stored):
    for row in range(stored.shape[0]):
        _store_row(packed, stored, row)


@njit(cache=True, parallel=True)
def _store_parallel(packed, stored):
    for row in prange(stored.shape[0]):
        _store_row(packed, stored, row)


def to_hugging_face(packed: NDArray[np.uint8], k: int) -> NDArray[np.uint8]:
    """Four columns a byte to four rows a byte: the inverse of `from_hugging_face`.

    packed   (n, ceil(k / 4))  uint8, `2bit` of `bitsim.spec.encoding`; n a multiple of 4
    returns  stored (n / 4, k) uint8, a new array
    """
    n = packed.shape[0]
    assert n % ROWS_PER_BYTE == 0, f"{n} rows are no multiple of {ROWS_PER_BYTE}"
    assert packed.shape[1] == ceil_div(k, 4), f"{packed.shape}: not {k} columns"
    stored = np.empty((n // ROWS_PER_BYTE, k), np.uint8)
    run = _store_parallel if threads.worthwhile(n * k) else _store
    run(packed, stored)
    return stored
