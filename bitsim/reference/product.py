"""The exact ternary product: int32 sums of int8 activations under 2-bit weight codes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from bitsim.reference import threads
from bitsim.spec.ternary import TernaryMatrix
from bitsim.trace.event import Event
from bitsim.units import ceil_div

ProductFn = Callable[[Event], NDArray[np.int32]]  # an event to its (m, n) sums

LANES = 64  # partial sums, int16 each
# A lane adds 4 digits (0..2) times 4 activations a step: at most 4 * 2 * 128 = 1024 in size, and
# -1024 * 32 is the least int16. Sums above zero reach 8 * 127 * 32 = 32512 only.
STEPS_PER_FLUSH = 32
ROWS_PER_BLOCK = 64  # rows that one thread takes at a time


@njit(cache=True)
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


@njit(cache=True)
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
    for byte in range(whole, row_bytes):
        code = np.int32(codes[byte])
        for place in range(4):
            total += ((code >> (2 * place)) & 3) * np.int32(planes[place, byte])
    return np.int32(total)


@njit(cache=True)
def _planes(activations, planes, sums):
    """Activations as the four places of a code byte meet them; those beyond k are 0."""
    k = activations.shape[1]
    for token in range(activations.shape[0]):
        total = np.int32(0)
        for place in range(4):
            for byte in range(planes.shape[2]):
                column = 4 * byte + place
                value = activations[token, column] if column < k else np.int8(0)
                planes[token, place, byte] = value
                total += np.int32(value)
        sums[token] = total


@njit(cache=True)
def _product_rows(packed, planes, sums, column, first, end, out):
    """out[:, column + row] of rows first ... end - 1; weight = digit - 1, so sums are taken away.

    packed  (n, bytes)     uint8
    planes  (m, 4, bytes)  int8
    sums    (m,)           int32
    out     (m, all rows)  int32, |out| <= 128 * k, so k < 2^24
    """
    lanes = np.empty(LANES, np.int16)
    for row in range(first, end):
        for token in range(planes.shape[0]):
            digits = _digit_sum(packed[row], planes[token], lanes)
            out[token, column + row] = digits - sums[token]


@njit(cache=True, parallel=True)
def _product_parallel(packed, planes, sums, column, blocks, out):
    for block in prange(blocks):
        first = block * ROWS_PER_BLOCK
        end = min(first + ROWS_PER_BLOCK, packed.shape[0])
        _product_rows(packed, planes, sums, column, first, end, out)


def multiply(
    matrices: tuple[TernaryMatrix, ...], activations: NDArray[np.int8]
) -> NDArray[np.int32]:
    """Exact products of matrices that share their input, rows stacked.

    activations  (m, k)  int8
    returns      (m, n)  int32, n the rows of all matrices
    """
    m, k = activations.shape
    planes = np.empty((m, 4, ceil_div(k, 4)), np.int8)
    sums = np.empty(m, np.int32)
    _planes(activations, planes, sums)
    out = np.empty((m, sum(matrix.n for matrix in matrices)), np.int32)
    column = 0
    for matrix in matrices:
        assert matrix.k == k, f"{matrix.name}: k = {matrix.k}, activations have {k}"
        if threads.worthwhile(matrix.n * k * m):
            blocks = ceil_div(matrix.n, ROWS_PER_BLOCK)
            _product_parallel(matrix.packed, planes, sums, column, blocks, out)
        else:
            _product_rows(matrix.packed, planes, sums, column, 0, matrix.n, out)
        column += matrix.n
    return out


def exact_product(event: Event) -> NDArray[np.int32]:
    """The reference's own `ProductFn`."""
    return multiply(event.matrices, event.activations)
