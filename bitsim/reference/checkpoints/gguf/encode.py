"""Ternary matrices as GGUF stores them, and values as F16.

Source of the layouts: as in `bitsim.reference.checkpoints.gguf.types`, whose inverse this is.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.reference.kernels import threads

GROUP_BYTES = 32  # 128 codes: byte p holds the codes p, p + 32, p + 64, p + 96
TAIL_BYTES = 32  # after an I2_S tensor: its scale, and zeros
TQ2_0_BLOCK_BYTES = 66  # two groups and an F16
LARGEST_F16 = 65504.0


@njit(cache=True)
def _store_group(packed, high_first, stored):
    """packed, stored (32,) uint8: four neighbours a byte to four places 32 apart."""
    for byte in range(8):
        for place in range(4):
            low = np.uint8(2 * place)
            code = np.uint8(0)
            for part in range(4):
                shift = np.uint8(6 - 2 * part if high_first else 2 * part)
                code |= ((packed[8 * part + byte] >> low) & np.uint8(3)) << shift
            stored[4 * byte + place] = code


@njit(cache=True)
def _store(packed, high_first, stored):
    for group in range(packed.shape[0]):
        _store_group(packed[group], high_first, stored[group])


@njit(cache=True, parallel=True)
def _store_parallel(packed, high_first, stored):
    for group in prange(packed.shape[0]):
        _store_group(packed[group], high_first, stored[group])


def _groups(packed: NDArray[np.uint8], high_first: bool) -> NDArray[np.uint8]:
    """(groups, 32) uint8 of all codes, row after row; their number a multiple of 128."""
    groups = np.ascontiguousarray(packed).reshape(-1, GROUP_BYTES)
    stored = np.empty_like(groups)
    run = _store_parallel if threads.worthwhile(4 * packed.size) else _store
    run(groups, high_first, stored)
    return stored


def i2_s(packed: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """A tensor as I2_S, in the 128 / 32 order of the published file.

    packed   (n, k / 4)  uint8, `2bit` of `bitsim.spec.encoding`; n k a multiple of 128
    scale    a number that f32 holds
    returns  (n k / 4 + 32,) uint8, a new array
    """
    stored = np.zeros(packed.size + TAIL_BYTES, np.uint8)
    stored[: packed.size] = _groups(packed, high_first=True).reshape(-1)
    stored[packed.size : packed.size + 4] = np.array([scale], "<f4").view(np.uint8)
    return stored


def tq2_0(packed: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """A tensor as TQ2_0: the scale stands in every block, also in one of zeros.

    packed   (n, k / 4)  uint8, `2bit` of `bitsim.spec.encoding`; k a multiple of 256
    scale    a number that F16 holds
    returns  (n k / 256 * 66,) uint8, a new array
    """
    codes_bytes = 2 * GROUP_BYTES
    stored = np.empty((packed.size // codes_bytes, TQ2_0_BLOCK_BYTES), np.uint8)
    stored[:, :codes_bytes] = _groups(packed, high_first=False).reshape(-1, codes_bytes)
    stored[:, codes_bytes:] = np.array([scale], "<f2").view(np.uint8)
    return stored.reshape(-1)


def holds_f16(value: float) -> bool:
    """Whether F16 has this very number."""
    return abs(value) <= LARGEST_F16 and float(np.float16(value)) == value
