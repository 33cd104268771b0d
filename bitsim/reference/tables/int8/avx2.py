"""Sums of an int8 table with AVX2's `vpmaddwd`: the integers of `int8_portable`, sooner.

Both sides are widened to int16, so that every product of int8 is exact, also -128 by -128.
Two rows meet each activation that is read, and the next two are prefetched meanwhile (see
`bitsim.reference.kernels.product.avx2`); several tokens are met four at a time.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from bitsim.kernels import njit
from bitsim.reference.kernels.vectors import (
    add_longs,
    as_words,
    load,
    load_words,
    multiply_words,
    no_longs,
    prefetch,
    total,
)
from bitsim.reference.tables.int8.portable import ROWS_PER_BLOCK

STEP = 32  # codes of a row at a time: half a cache line, as of each of two rows
TILE_TOKENS = 4  # that meet two rows at a time


@njit(cache=True)
def _pair(codes, words, row0, row1, token):
    """Sums of two rows and one token."""
    width = codes.shape[1]
    at0, at1, next_at = row0 * width, row1 * width, (row1 + 1) * width
    at = 2 * token * width
    s0 = s1 = no_longs()
    for place in range(0, width, STEP):
        prefetch(codes, next_at + 2 * place)
        a = as_words(load(words, at + 2 * place))
        s0 = add_longs(s0, multiply_words(load_words(codes, at0 + place), a))
        s1 = add_longs(s1, multiply_words(load_words(codes, at1 + place), a))
        a = as_words(load(words, at + 2 * place + 32))
        s0 = add_longs(s0, multiply_words(load_words(codes, at0 + place + 16), a))
        s1 = add_longs(s1, multiply_words(load_words(codes, at1 + place + 16), a))
    return total(s0), total(s1)


@njit(cache=True)
def _tile(codes, words, row0, row1, token, sums):
    """`_pair` of TILE_TOKENS tokens into sums, (2, TILE_TOKENS) int32."""
    width = codes.shape[1]
    at0, at1 = row0 * width, row1 * width
    a0_at, a1_at = 2 * token * width, 2 * (token + 1) * width
    a2_at, a3_at = 2 * (token + 2) * width, 2 * (token + 3) * width
    s00 = s01 = s02 = s03 = no_longs()
    s10 = s11 = s12 = s13 = no_longs()
    for place in range(0, width, 16):
        w0 = load_words(codes, at0 + place)
        w1 = load_words(codes, at1 + place)
        a = as_words(load(words, a0_at + 2 * place))
        s00 = add_longs(s00, multiply_words(w0, a))
        s10 = add_longs(s10, multiply_words(w1, a))
        a = as_words(load(words, a1_at + 2 * place))
        s01 = add_longs(s01, multiply_words(w0, a))
        s11 = add_longs(s11, multiply_words(w1, a))
        a = as_words(load(words, a2_at + 2 * place))
        s02 = add_longs(s02, multiply_words(w0, a))
        s12 = add_longs(s12, multiply_words(w1, a))
        a = as_words(load(words, a3_at + 2 * place))
        s03 = add_longs(s03, multiply_words(w0, a))
        s13 = add_longs(s13, multiply_words(w1, a))
    sums[0, 0] = total(s00)
    sums[0, 1] = total(s01)
    sums[0, 2] = total(s02)
    sums[0, 3] = total(s03)
    sums[1, 0] = total(s10)
    sums[1, 1] = total(s11)
    sums[1, 2] = total(s12)
    sums[1, 3] = total(s13)


@njit(cache=True)
def sums_rows(codes, activations, first, end, out):
    """As `int8_portable.sums_rows`, argument for argument."""
    tokens = activations.shape[0]
    tiled_tokens = tokens - tokens % TILE_TOKENS
    words = activations.view(np.int8)  # bytes, as `load` wants them
    tile = np.empty((2, TILE_TOKENS), np.int32)
    for row in range(first, end, 2):
        row1 = min(row + 1, end - 1)  # a last row alone is its own neighbour
        for token in range(0, tiled_tokens, TILE_TOKENS):
            _tile(codes, words, row, row1, token, tile)
            for j in range(TILE_TOKENS):
                out[token + j, row] = tile[0, j]
                out[token + j, row1] = tile[1, j]
        for token in range(tiled_tokens, tokens):
            sum0, sum1 = _pair(codes, words, row, row1, token)
            out[token, row] = sum0
            out[token, row1] = sum1


@njit(cache=True, parallel=True)
def sums_parallel(codes, activations, out):
    """All rows, by several threads."""
    for block in prange((codes.shape[0] + ROWS_PER_BLOCK - 1) // ROWS_PER_BLOCK):
        first = block * ROWS_PER_BLOCK
        end = min(first + ROWS_PER_BLOCK, codes.shape[0])
        sums_rows(codes, activations, first, end, out)
