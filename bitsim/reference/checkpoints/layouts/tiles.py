"""Tile sizes of TL1 and TL2 by matrix, and the byte of two pairs that both layouts have.

bitnet.cpp publishes sizes for the matrices of three networks; its setup generates the kernels with
them and the converter reads them back. It publishes none for the 2B model: `setup_env.py` generates
the kernels of bitnet_b1_58-3B for it, in whose kernel_config.ini no matrix of the 2B model is, and
the converter then stops. For such matrices the sizes are this project's choice.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Sizes = tuple[int, int, int]  # bm, bk, bmm of kernel_config.ini: BM, BK, bm of the generators

LARGEST = 1 << 16  # of a tile's side; published ones reach 320
STRIP = 32

# (n, k): sizes. Source: the arguments that microsoft/BitNet, setup_env.py `gen_code`, gives to
# utils/codegen_tl1.py and utils/codegen_tl2.py, with the shapes in these. With --use-pretuned they
# overwrite the sizes of preset_kernels/*/kernel_config_tl1.ini and _tl2.ini, the same but for
# Llama3-8B's TL1 (bmm 64, 32, 64, 32 and other tiles) and for bitnet_b1_58-large's TL2 of
# 4096 x 1536 (bmm 64, which the converter cannot pack).
TL1: Final[dict[tuple[int, int], Sizes]] = {
    (1536, 4096): (256, 128, 32),  # bitnet_b1_58-large
    (1536, 1536): (128, 64, 64),
    (4096, 1536): (256, 128, 32),
    (3200, 8640): (160, 64, 32),  # bitnet_b1_58-3B
    (3200, 3200): (320, 128, 64),
    (8640, 3200): (320, 64, 32),
    (14336, 4096): (256, 128, 32),  # Llama3-8B-1.58-100B-tokens
    (4096, 14336): (128, 64, 64),
    (1024, 4096): (256, 128, 32),
    (4096, 4096): (128, 64, 64),
}
TL2: Final[dict[tuple[int, int], Sizes]] = {
    (1536, 4096): (256, 96, 32),
    (1536, 1536): (128, 192, 32),
    (4096, 1536): (256, 96, 32),
    (3200, 8640): (160, 96, 32),
    (3200, 3200): (320, 96, 32),
    (8640, 3200): (320, 96, 32),
    (14336, 4096): (256, 96, 32),
    (4096, 14336): (128, 96, 32),
    (1024, 4096): (256, 96, 32),
    (4096, 4096): (128, 96, 32),
}


def chosen_tl1(n: int, k: int) -> Sizes:
    """For a shape that has no published sizes: the largest published ones that divide it."""
    return _rows(n), next((bk for bk in (128, 64, 32, 16) if k % bk == 0), 8), STRIP


def chosen_tl2(n: int, _k: int) -> Sizes:
    """The same for TL2, whose columns need not divide."""
    return _rows(n), 96, STRIP


def _rows(n: int) -> int:
    return next((bm for bm in range(256, STRIP, -STRIP) if n % bm == 0), STRIP)


@cache
def pairs_of_digits() -> NDArray[np.uint8]:
    """(256,): from 4 digits w + 1, first in the low bits, to two pairs, first in the high bits.

    3 (d - 1) + (e - 1) + 4 = 3 d + e.
    """
    d0, d1, d2, d3 = (np.arange(256) >> shift & 3 for shift in (0, 2, 4, 6))
    return ((3 * d0 + d1) << 4 | (3 * d2 + d3) & 15).astype(np.uint8)


@cache
def digits_of_pairs() -> NDArray[np.uint8]:
    """(256,): the inverse, for pairs of 0 to 8."""
    first, second = np.arange(256) >> 4, np.arange(256) & 15
    digits = (first // 3, first % 3, second // 3, second % 3)
    packed = sum((digit & 3) << 2 * place for place, digit in enumerate(digits))
    return np.asarray(packed).astype(np.uint8)
