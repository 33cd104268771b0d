"""Random weights from a counter: the same bytes in any order and on any number of threads."""

from __future__ import annotations

from itertools import product
from statistics import NormalDist
from typing import Any

import numpy as np
from numba import prange
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.reference.kernels.packing import empty_codes

TABLE_SIZE = 1 << 16  # 16 random bits choose an entry
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True)
def mix(counter):
    """64 random bits of a 64-bit counter. Source: splitmix64, prng.di.unimi.it/splitmix64.c."""
    z = np.uint64(counter) * GOLDEN
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def key(seed: int, *parts: int) -> np.uint64:
    """Where the counter of one tensor starts; all tensors share 2^64 places."""
    with np.errstate(over="ignore"):
        value = np.uint64(seed % (1 << 64))
        for part in parts:
            value = np.uint64(mix(value + np.uint64(part) + np.uint64(1)))
    return value


@njit(cache=True, parallel=True)
def _fill_bytes(out, start, table):
    width = out.shape[1]
    words = (width + 3) // 4
    for row in prange(out.shape[0]):
        for word in range(words):
            bits = mix(start + np.uint64(row * words + word))
            for byte in range(4 * word, min(4 * word + 4, width)):
                out[row, byte] = table[bits & np.uint64(0xFFFF)]
                bits >>= np.uint64(16)


@njit(cache=True, parallel=True)
def _fill_bf16(out, start, table):
    width = out.shape[1]
    words = (width + 3) // 4
    for row in prange(out.shape[0]):
        for word in range(words):
            bits = mix(start + np.uint64(row * words + word))
            for place in range(4 * word, min(4 * word + 4, width)):
                out[row, place] = table[bits & np.uint64(0xFFFF)]
                bits >>= np.uint64(16)


def ternary_table(zero_fraction: float) -> NDArray[np.uint8]:
    """(65536,) uint8: bytes of four digits, as often as independent weights make them.

    +1 and -1 are equally likely; shares are rounded to whole entries, largest remainders up.
    """
    odds = ((1 - zero_fraction) / 2, zero_fraction, (1 - zero_fraction) / 2)
    quads = list(product(range(3), repeat=4))
    exact = np.array([np.prod([odds[digit] for digit in quad]) for quad in quads]) * TABLE_SIZE
    counts = np.floor(exact).astype(np.int64)
    order = np.argsort(counts - exact, kind="stable")
    counts[order[: TABLE_SIZE - counts.sum()]] += 1
    codes = [sum(digit << (2 * place) for place, digit in enumerate(quad)) for quad in quads]
    return np.repeat(np.array(codes, np.uint8), counts)


def normal_table() -> NDArray[np.uint16]:
    """(65536,) uint16: bf16 quantiles of the normal distribution of mean 0 and deviation 1."""
    normal = NormalDist()
    quantiles = [normal.inv_cdf((place + 0.5) / TABLE_SIZE) for place in range(TABLE_SIZE)]
    return to_bf16(np.array(quantiles))


def to_bf16(values: NDArray[np.floating[Any]]) -> NDArray[np.uint16]:
    """Nearest bf16 of finite values, ties to even."""
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def fill_ternary(n: int, k: int, start: np.uint64, table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, ceil(k / 4)) uint8 `2bit` codes; places beyond k hold weight 0."""
    packed = empty_codes(n, -(-k // 4))
    _fill_bytes(packed, start, table)
    if k % 4:
        used = np.uint8((1 << (2 * (k % 4))) - 1)
        packed[:, -1] = (packed[:, -1] & used) | (0x55 & ~used)
    return packed


def fill_normal(rows: int, columns: int, start: np.uint64) -> NDArray[np.uint16]:
    """(rows, columns) uint16 bf16 values of the normal distribution."""
    out = np.empty((rows, columns), np.uint16)
    _fill_bf16(out, start, normal_table())
    return out
