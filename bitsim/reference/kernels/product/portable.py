"""The ternary product in plain int16 loops: for every processor, and what faster paths must equal.

Every path has this file's `arrange`, `some_rows` and `all_rows`.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from bitsim.kernels import njit

LANES = 64  # partial sums, int16 each
# A lane adds 4 digits (0..2) times 4 activations a step: at most 4 * 2 * 128 = 1024 in size, and
# -1024 * 32 is the least int16. Sums above zero reach 8 * 127 * 32 = 32512 only.
STEPS_PER_FLUSH = 32
ROWS_PER_BLOCK = 64  # rows that one thread takes at a time


@njit(inline="always")
def _step(codes, a0, a1, a2, a3, lanes):
    for lane in range(LANES):
        code = codes[lane]
        lanes[lane] = np.int16(
            lanes[lane]
            + np.int16(code & 3) * a0[lane]
            + np.int16((code >> 2) & 3) * a1[lane]
            + np.int16((code >> 4) & 3) * a2[lane]
            + np.int16(code >> 6) * a3[lane]
        )


@njit(inline="always")
def tail_sum(codes, planes, first):
    """Sum of digit * activation over the bytes of one row from `first` on."""
    total = np.int32(0)
    for byte in range(first, codes.shape[0]):
        code = np.int32(codes[byte])
        for place in range(4):
            total += ((code >> (2 * place)) & 3) * np.int32(planes[place, byte])
    return np.int32(total)


@njit(inline="always")
def _digit_sum(codes, planes, lanes):
    """Sum of digit * activation over one row; the digit is the weight plus one."""
    row_bytes = codes.shape[0]
    whole = row_bytes - row_bytes % LANES
    total = np.int32(0)
    start = 0
    while start < whole:
        lanes[:] = np.int16(0)
        flush = min(whole, start + STEPS_PER_FLUSH * LANES)
        while start < flush:
            end = start + LANES
            _step(
                codes[start:end],
                planes[0, start:end],
                planes[1, start:end],
                planes[2, start:end],
                planes[3, start:end],
                lanes,
            )
            start = end
        for lane in range(LANES):
            total += np.int32(lanes[lane])
    return np.int32(total + tail_sum(codes, planes, whole))


@njit(cache=True)
def arrange(planes):
    """What a path makes of the activations before it meets any row; here nothing."""
    return planes


@njit(cache=True)
def some_rows(packed, planes, arranged, sums, column, first, end, out):
    """out[:, column + row] of rows first ... end - 1; weight = digit - 1, so sums are taken away.

    packed    (n, bytes)     uint8, C order
    planes    (m, 4, bytes)  int8, C order: activation 4 * byte + place of each token
    arranged  `arrange(planes)`
    sums      (m,)           int32, of all activations of a token
    out       (m, all rows)  int32, |out| <= 128 * k, so k < 2^24
    """
    lanes = np.empty(LANES, np.int16)
    for row in range(first, end):
        for token in range(planes.shape[0]):
            digits = _digit_sum(packed[row], arranged[token], lanes)
            out[token, column + row] = digits - sums[token]


@njit(cache=True, parallel=True)
def all_rows(packed, planes, arranged, sums, column, out):
    """`some_rows`, all of them, by several threads."""
    for block in prange((packed.shape[0] + ROWS_PER_BLOCK - 1) // ROWS_PER_BLOCK):
        first = block * ROWS_PER_BLOCK
        end = min(first + ROWS_PER_BLOCK, packed.shape[0])
        some_rows(packed, planes, arranged, sums, column, first, end, out)
