"""The ternary product with AVX2's `vpmaddubsw`: the integers of `portable`, sooner.

A vector of 32 code bytes holds 128 weights. Digit `place` of each byte meets plane `place` of the
activations, so the codes are used as they lie in memory. Two rows meet each activation that is
read. The codes AHEAD_BYTES later are prefetched meanwhile, because two streams side by side defeat
the processor's own prefetching: without it, one token from DRAM took 2.8 times as long (AMD Zen 4).

Exactness: one result of `vpmaddubsw` is two digits (0..2) times two activations (-128..127), hence
-512 ... 508, and never saturates. The sum of 64 results is -32768 ... 32512, which fits in int16;
a sum of 65 may not.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from bitsim.kernels import njit
from bitsim.reference.kernels.product.portable import ROWS_PER_BLOCK, tail_sum
from bitsim.reference.kernels.vectors import (
    VECTOR_BYTES,
    add_longs,
    add_words,
    digits,
    load,
    multiply_pairs,
    no_longs,
    no_words,
    prefetch,
    total,
    widen,
)

ADDITIONS_PER_FLUSH = 64
PAIR_VECTORS_PER_FLUSH = ADDITIONS_PER_FLUSH // 2  # an accumulator for two places
TILE_VECTORS_PER_FLUSH = ADDITIONS_PER_FLUSH // 4  # one for all four
AHEAD_BYTES = 6 * 1024  # some 0.25 us of reading: longer than DRAM takes to answer
TILE_TOKENS = 4  # that meet two rows at a time


@njit(cache=True)
def arrange(planes):
    """Activations in the order that they are read: vector, place, token, byte.

    planes   (m, 4, bytes)     int8; the `whole` first bytes are used, that fill vectors
    returns  (m * 4 * whole,)  int8: first tiles of TILE_TOKENS tokens, then the other tokens one
             by one, so that whatever begins with token t begins at 4 * whole * t

    One pointer then does for all, where the planes would need 16 in a tile: more than registers.
    """
    tokens = planes.shape[0]
    whole = planes.shape[2] - planes.shape[2] % VECTOR_BYTES
    tiled_tokens = tokens - tokens % TILE_TOKENS
    ordered = np.empty(tokens * 4 * whole, np.int8)
    to = 0
    token = 0
    while token < tokens:
        together = TILE_TOKENS if token < tiled_tokens else 1
        for start in range(0, whole, VECTOR_BYTES):
            for place in range(4):
                for each in range(token, token + together):
                    for byte in range(VECTOR_BYTES):
                        ordered[to + byte] = planes[each, place, start + byte]
                    to += VECTOR_BYTES
        token += together
    return ordered


@njit(inline="always")
def _pair(packed, ordered, row0, row1, token, whole):
    """Sums of digit * activation over the first `whole` bytes of two rows and one token."""
    codes0_at = row0 * packed.shape[1]
    codes1_at = row1 * packed.shape[1]
    ahead_at = codes0_at + AHEAD_BYTES
    at = token * 4 * whole
    w0 = w1 = no_longs()
    start = 0
    while start < whole:
        end = min(whole, start + PAIR_VECTORS_PER_FLUSH * VECTOR_BYTES)
        even0 = odd0 = even1 = odd1 = no_words()
        for byte in range(start, end, VECTOR_BYTES):
            codes0 = load(packed, codes0_at + byte)
            codes1 = load(packed, codes1_at + byte)
            prefetch(packed, ahead_at + 2 * byte)
            for place in range(0, 4, 2):
                a = load(ordered, at + place * VECTOR_BYTES)
                even0 = add_words(even0, multiply_pairs(digits(codes0, place), a))
                even1 = add_words(even1, multiply_pairs(digits(codes1, place), a))
                a = load(ordered, at + (place + 1) * VECTOR_BYTES)
                odd0 = add_words(odd0, multiply_pairs(digits(codes0, place + 1), a))
                odd1 = add_words(odd1, multiply_pairs(digits(codes1, place + 1), a))
            at += 4 * VECTOR_BYTES
        w0 = add_longs(w0, add_longs(widen(even0), widen(odd0)))
        w1 = add_longs(w1, add_longs(widen(even1), widen(odd1)))
        start = end
    return total(w0), total(w1)


@njit(inline="always")
def _tile(packed, ordered, row0, row1, token, whole, sums):
    """`_pair` of TILE_TOKENS tokens into sums, (2, TILE_TOKENS) int32."""
    codes0_at = row0 * packed.shape[1]
    codes1_at = row1 * packed.shape[1]
    ahead_at = codes0_at + AHEAD_BYTES
    at = token * 4 * whole
    w00 = w01 = w02 = w03 = no_longs()
    w10 = w11 = w12 = w13 = no_longs()
    start = 0
    while start < whole:
        end = min(whole, start + TILE_VECTORS_PER_FLUSH * VECTOR_BYTES)
        s00 = s01 = s02 = s03 = no_words()
        s10 = s11 = s12 = s13 = no_words()
        for byte in range(start, end, VECTOR_BYTES):
            codes0 = load(packed, codes0_at + byte)
            codes1 = load(packed, codes1_at + byte)
            prefetch(packed, ahead_at + 2 * byte)
            for place in range(4):
                d0 = digits(codes0, place)
                d1 = digits(codes1, place)
                a = load(ordered, at)
                s00 = add_words(s00, multiply_pairs(d0, a))
                s10 = add_words(s10, multiply_pairs(d1, a))
                a = load(ordered, at + 32)
                s01 = add_words(s01, multiply_pairs(d0, a))
                s11 = add_words(s11, multiply_pairs(d1, a))
                a = load(ordered, at + 64)
                s02 = add_words(s02, multiply_pairs(d0, a))
                s12 = add_words(s12, multiply_pairs(d1, a))
                a = load(ordered, at + 96)
                s03 = add_words(s03, multiply_pairs(d0, a))
                s13 = add_words(s13, multiply_pairs(d1, a))
                at += TILE_TOKENS * VECTOR_BYTES
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


@njit(inline="always")
def _tiles(packed, ordered, sums, column, first, end, whole, tiled_tokens, out):
    tile = np.empty((2, TILE_TOKENS), np.int32)
    # Rows inside, tokens outside: a block of rows stays in L2 while each four tokens pass, and
    # these stay in L1.
    for token in range(0, tiled_tokens, TILE_TOKENS):
        for row in range(first, end, 2):
            row1 = min(row + 1, end - 1)  # a last row alone is its own neighbour
            _tile(packed, ordered, row, row1, token, whole, tile)
            for i in range(row1 + 1 - row):
                for j in range(TILE_TOKENS):
                    out[token + j, column + row + i] = tile[i, j] - sums[token + j]


@njit(cache=True)
def some_rows(packed, planes, ordered, sums, column, first, end, out):
    """As `portable.some_rows`."""
    whole = packed.shape[1] - packed.shape[1] % VECTOR_BYTES
    tokens = planes.shape[0]
    tiled_tokens = tokens - tokens % TILE_TOKENS
    if tiled_tokens:
        _tiles(packed, ordered, sums, column, first, end, whole, tiled_tokens, out)
    for token in range(tiled_tokens, tokens):
        for row in range(first, end, 2):
            row1 = min(row + 1, end - 1)
            sum0, sum1 = _pair(packed, ordered, row, row1, token, whole)
            out[token, column + row] = sum0 - sums[token]
            out[token, column + row1] = sum1 - sums[token]
    if whole < packed.shape[1]:
        for row in range(first, end):
            for token in range(tokens):
                out[token, column + row] += tail_sum(packed[row], planes[token], whole)


@njit(cache=True, parallel=True)
def all_rows(packed, planes, ordered, sums, column, out):
    """As `portable.all_rows`."""
    for block in prange((packed.shape[0] + ROWS_PER_BLOCK - 1) // ROWS_PER_BLOCK):
        first = block * ROWS_PER_BLOCK
        end = min(first + ROWS_PER_BLOCK, packed.shape[0])
        some_rows(packed, planes, ordered, sums, column, first, end, out)
