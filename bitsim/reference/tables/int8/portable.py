"""Sums of an int8 table: int8 rows times int8 activations, exact in int32."""

from __future__ import annotations

import numpy as np
from numba import prange

from bitsim.kernels import njit

ROWS_PER_BLOCK = 256  # rows that one thread takes at a time


@njit(cache=True)
def sums_rows(codes, activations, first, end, out):
    """out[:, first:end] = activations @ codes[first:end]^T

    codes        (vocab, width)  int8; width is a multiple of 32, and at most `int8.MAX_HIDDEN`
    activations  (m, width)      int16, -128 ... 127
    out          (m, vocab)      int32
    """
    for row in range(first, end):
        for token in range(activations.shape[0]):
            total = np.int32(0)
            for place in range(codes.shape[1]):
                total += np.int32(codes[row, place]) * np.int32(activations[token, place])
            out[token, row] = total


@njit(cache=True, parallel=True)
def sums_parallel(codes, activations, out):
    """All rows, by several threads."""
    for block in prange((codes.shape[0] + ROWS_PER_BLOCK - 1) // ROWS_PER_BLOCK):
        first = block * ROWS_PER_BLOCK
        end = min(first + ROWS_PER_BLOCK, codes.shape[0])
        sums_rows(codes, activations, first, end, out)
