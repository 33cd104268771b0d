"""The int2 layout of Microsoft's GPU kernel: blocks of 16 rows x 32 columns, 2 bits a weight.

A block is 128 bytes: 32 words of 16 codes, w + 2. A word holds 16 consecutive columns of one row.
Words come in four runs of 8: rows 0 to 7 of columns 0 to 15, rows 0 to 7 of columns 16 to 31, then
rows 8 to 15 in the same way. Byte b of a word, bits 2c + 1 : 2c, is column 4c + b. So a shift by 2c
and the mask 0x03030303 give four neighbours, one in a byte. Blocks follow along K, then along N.

Source: microsoft/BitNet, gpu/pack_weight.py `convert_weight_int8_to_int2`, and the address that
`ladder_int8xint2_kernel` of gpu/bitnet_kernels/bitnet_kernels.h reads.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.reference.checkpoints.layouts.layout import Layout, multiple_fault

BLOCK_ROWS, BLOCK_COLUMNS = 16, 32
BLOCK_WORDS = 32
ONES = np.uint32(0x55555555)  # 16 crumbs of 1: from a digit w + 1 to a code w + 2


@njit(cache=True)
def _transposed(word):
    """The 4 x 4 crumbs of a word, bytes and places exchanged: its own inverse."""
    pairs = (word ^ (word >> np.uint32(6))) & np.uint32(0x00CC00CC)
    word ^= pairs ^ (pairs << np.uint32(6))
    pairs = (word ^ (word >> np.uint32(12))) & np.uint32(0x0000F0F0)
    return word ^ pairs ^ (pairs << np.uint32(12))


@njit(cache=True)
def _word(row, group, groups):
    """Where the word of columns 16 * group .. of a row is; `groups` in a row."""
    block = (row // BLOCK_ROWS) * (groups // 2) + group // 2
    place = (row % BLOCK_ROWS) // 8 * 16 + group % 2 * 8 + row % 8
    return block * BLOCK_WORDS + place


@njit(cache=True)
def _encode(packed, stored):
    """packed (n, k / 16) to stored (n * k / 16,), both uint32, little-endian."""
    n, groups = packed.shape
    for row in range(n):
        for group in range(groups):
            stored[_word(row, group, groups)] = _transposed(packed[row, group]) + ONES


@njit(cache=True)
def _decode(stored, packed):
    """The inverse; returns how many codes are 0, which no weight has."""
    n, groups = packed.shape
    void = 0
    for row in range(n):
        for group in range(groups):
            word = stored[_word(row, group, groups)]
            empty = ~(word | (word >> np.uint32(1))) & ONES
            while empty:
                void += 1
                empty &= empty - np.uint32(1)
            packed[row, group] = _transposed(word - ONES)
    return void


class Int2(Layout):
    """No parameters: the kernel's instruction fixes the blocks."""

    label: ClassVar[str] = "int2"
    fused: ClassVar[bool] = True
    scale_dtype: ClassVar[str] = "BF16"
    scale_slots: ClassVar[int] = 4

    @classmethod
    def for_shape(cls, n: int, k: int) -> Self:
        """The one that there is."""
        return cls()

    @classmethod
    def is_published(cls, n: int, k: int) -> bool:
        """Always: there are none to choose."""
        return True

    def size_faults(self, n: int, k: int) -> list[str]:
        """Whole blocks only."""
        return [
            *multiple_fault("n", n, BLOCK_ROWS, "the rows of a block"),
            *multiple_fault("k", k, BLOCK_COLUMNS, "the columns of a block"),
        ]

    def stored_bytes(self, n: int, k: int) -> int:
        """Four weights in a byte."""
        return n * k // 4

    def stored_shape(self, n: int, k: int) -> tuple[int, ...]:
        """As the converter leaves it, though a row of the tensor is not a row of the matrix."""
        return (n, k // 4)

    def _encode(self, packed: NDArray[np.uint8], stored: NDArray[np.uint8]) -> None:
        _encode(packed.view("<u4"), stored.view("<u4"))

    def _decode(self, stored: NDArray[np.uint8], packed: NDArray[np.uint8]) -> int:
        return int(_decode(stored.view("<u4"), packed.view("<u4")))
