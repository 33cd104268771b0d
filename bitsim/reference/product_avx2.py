"""The ternary product with AVX2's `vpmaddubsw`: the integers of `product_portable`, sooner.

A vector of 32 code bytes holds 128 weights. Digit `place` of each byte meets plane `place` of the
activations, so the codes are used as they lie in memory.

Exactness: one result of `vpmaddubsw` is two digits (0..2) times two activations (-128..127), hence
-512 ... 508, and never saturates. 64 of them reach -32768 ... 32512 and so fit in int16; 65 do not.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from bitsim.reference.product_portable import ROWS_PER_BLOCK, tail_sum
from bitsim.reference.vectors import (
    VECTOR_BYTES,
    add_longs,
    add_words,
    digits,
    load,
    multiply_pairs,
    no_longs,
    no_words,
    total,
    widen,
)

ADDITIONS_PER_FLUSH = 64
VECTORS_PER_FLUSH = ADDITIONS_PER_FLUSH  # an accumulator for each place
TILE_VECTORS_PER_FLUSH = ADDITIONS_PER_FLUSH // 4  # one for all four
TILE_ROWS, TILE_TOKENS = 2, 4


@njit(cache=True)
def _one(packed, planes, row, token, whole):
    """Sum of digit * activation over the first `whole` bytes of one row and one token."""
    row_bytes = packed.shape[1]
    codes_at = row * row_bytes
    plane_at = token * 4 * row_bytes
    wide = no_longs()
    start = 0
    while start < whole:
        end = min(whole, start + VECTORS_PER_FLUSH * VECTOR_BYTES)
        s0 = s1 = s2 = s3 = no_words()
        for byte in range(start, end, VECTOR_BYTES):
            codes = load(packed, codes_at + byte)
            at = plane_at + byte
            s0 = add_words(s0, multiply_pairs(digits(codes, 0), load(planes, at)))
            at += row_bytes
            s1 = add_words(s1, multiply_pairs(digits(codes, 1), load(planes, at)))
            at += row_bytes
            s2 = add_words(s2, multiply_pairs(digits(codes, 2), load(planes, at)))
            at += row_bytes
            s3 = add_words(s3, multiply_pairs(digits(codes, 3), load(planes, at)))
        wide = add_longs(wide, add_longs(widen(s0), widen(s1)))
        wide = add_longs(wide, add_longs(widen(s2), widen(s3)))
        start = end
    return total(wide)


@njit(cache=True)
def _tile(packed, planes, row, token, whole, sums):
    """`_one` of TILE_ROWS rows and TILE_TOKENS tokens: sums (TILE_ROWS, TILE_TOKENS) int32."""
    row_bytes = packed.shape[1]
    codes_at = row * row_bytes
    plane_at = token * 4 * row_bytes
    w00 = w01 = w02 = w03 = no_longs()
    w10 = w11 = w12 = w13 = no_longs()
    start = 0
    while start < whole:
        end = min(whole, start + TILE_VECTORS_PER_FLUSH * VECTOR_BYTES)
        s00 = s01 = s02 = s03 = no_words()
        s10 = s11 = s12 = s13 = no_words()
        for byte in range(start, end, VECTOR_BYTES):
            codes0 = load(packed, codes_at + byte)
            codes1 = load(packed, codes_at + row_bytes + byte)
            for place in range(4):
                d0 = digits(codes0, place)
                d1 = digits(codes1, place)
                at = plane_at + place * row_bytes + byte
                a = load(planes, at)
                s00 = add_words(s00, multiply_pairs(d0, a))
                s10 = add_words(s10, multiply_pairs(d1, a))
                a = load(planes, at + 4 * row_bytes)
                s01 = add_words(s01, multiply_pairs(d0, a))
                s11 = add_words(s11, multiply_pairs(d1, a))
                a = load(planes, at + 8 * row_bytes)
                s02 = add_words(s02, multiply_pairs(d0, a))
                s12 = add_words(s12, multiply_pairs(d1, a))
                a = load(planes, at + 12 * row_bytes)
                s03 = add_words(s03, multiply_pairs(d0, a))
                s13 = add_words(s13, multiply_pairs(d1, a))
        w00 = add_longs(w00, widen(s00))
        w01 = add_longs(w01, widen(s01))
        w02 = add_longs(w02, widen(s02))
        w03 = add_longs(w03, widen(s03))
        w10 = add_longs(w10, widen(s10))
        w11 = add_longs(w11, widen(s11))
        w12 = add_longs(w12, widen(s12))
        w13 = add_longs(w13, widen(s13))
        start = end
    sums[0, 0] = total(w00)
    sums[0, 1] = total(w01)
    sums[0, 2] = total(w02)
    sums[0, 3] = total(w03)
    sums[1, 0] = total(w10)
    sums[1, 1] = total(w11)
    sums[1, 2] = total(w12)
    sums[1, 3] = total(w13)


@njit(cache=True)
def product_rows(packed, planes, sums, column, first, end, out):
    """As `product_portable.product_rows`, argument for argument."""
    row_bytes = packed.shape[1]
    whole = row_bytes - row_bytes % VECTOR_BYTES
    tokens = planes.shape[0]
    tiled_tokens = tokens - tokens % TILE_TOKENS
    tiled_end = end - (end - first) % TILE_ROWS
    tile = np.empty((TILE_ROWS, TILE_TOKENS), np.int32)
    # Rows inside, tokens outside: a block of rows stays in L2 while each four tokens pass, and
    # these stay in L1.
    for token in range(0, tiled_tokens, TILE_TOKENS):
        for row in range(first, tiled_end, TILE_ROWS):
            _tile(packed, planes, row, token, whole, tile)
            for i in range(TILE_ROWS):
                for j in range(TILE_TOKENS):
                    rest = tail_sum(packed[row + i], planes[token + j], whole)
                    out[token + j, column + row + i] = tile[i, j] + rest - sums[token + j]
    for token in range(tokens):
        for row in range(first if token >= tiled_tokens else tiled_end, end):
            rest = tail_sum(packed[row], planes[token], whole)
            digit_sum = _one(packed, planes, row, token, whole) + rest
            out[token, column + row] = digit_sum - sums[token]


@njit(cache=True, parallel=True)
def product_parallel(packed, planes, sums, column, out):
    """All rows, by several threads."""
    for block in prange((packed.shape[0] + ROWS_PER_BLOCK - 1) // ROWS_PER_BLOCK):
        first = block * ROWS_PER_BLOCK
        end = min(first + ROWS_PER_BLOCK, packed.shape[0])
        product_rows(packed, planes, sums, column, first, end, out)
