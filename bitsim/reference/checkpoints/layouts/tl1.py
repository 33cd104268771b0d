"""TL1, the layout of bitnet.cpp's lookup kernel for ARM: two weights in 4 bits, in tiles.

A pair (a, b) along K is the number 3a + b + 4, 0 to 8. A byte holds two pairs of one row, that is 4
columns, the first pair in the high bits. Tiles of `bm` rows x `bk` columns follow along K, then
along N. In a tile, strips of `bmm` rows; in a strip, steps of 256 / `bmm` columns; in a step, 16
rows at a time; then 4 columns at a time; then the 16 rows.

Source: microsoft/BitNet, utils/convert-hf-to-gguf-bitnet.py `preprocess_weights_tl1`; bounds from
utils/codegen_tl1.py.
"""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bitsim.kernels import njit
from bitsim.reference.checkpoints.layouts import tiles
from bitsim.reference.checkpoints.layouts.layout import Layout, multiple_fault

STEP_BYTES = 64  # bmm rows x 256 / bmm columns
LANES = 16  # rows that one table lookup of the kernel serves


@njit(cache=True)
def _first_place(row, k4, bm, bk4, bmm):
    """Byte of the first 4 columns of 16 rows; a row is `k4` bytes, a tile's `bk4`."""
    strip = row // bm * (bm * k4) + row % bm // bmm * (bmm * bk4)
    return strip + row % bmm // LANES * (STEP_BYTES // bmm * LANES)


@njit(cache=True)
def _encode(packed, table, bm, bk4, bmm, stored):
    n, k4 = packed.shape
    step4 = STEP_BYTES // bmm  # bytes that one row has in a step
    for row in range(0, n, LANES):
        first, column = _first_place(row, k4, bm, bk4, bmm), 0
        for tile in range(k4 // bk4):
            for step in range(bk4 // step4):
                place = first + tile * (bm * bk4) + step * STEP_BYTES
                for _ in range(step4):
                    for lane in range(LANES):
                        stored[place + lane] = table[packed[row + lane, column]]
                    place += LANES
                    column += 1


@njit(cache=True)
def _decode(stored, table, bm, bk4, bmm, packed):
    n, k4 = packed.shape
    step4 = STEP_BYTES // bmm
    void = 0
    for row in range(0, n, LANES):
        first, column = _first_place(row, k4, bm, bk4, bmm), 0
        for tile in range(k4 // bk4):
            for step in range(bk4 // step4):
                place = first + tile * (bm * bk4) + step * STEP_BYTES
                for _ in range(step4):
                    for lane in range(LANES):
                        byte = stored[place + lane]
                        void += (byte >> np.uint8(4)) > 8
                        void += (byte & np.uint8(15)) > 8
                        packed[row + lane, column] = table[byte]
                    place += LANES
                    column += 1
    return void


class Tl1(Layout):
    """Tile sizes, named as in bitnet.cpp's kernel_config.ini."""

    label: ClassVar[str] = "tl1"
    bm: int = Field(ge=32, le=tiles.LARGEST)  # rows of a tile
    bk: int = Field(ge=4, le=tiles.LARGEST)  # columns of a tile
    bmm: Literal[32, 64]  # rows of a strip

    @classmethod
    def for_shape(cls, n: int, k: int) -> Self:
        """As published for this shape, else chosen (`tiles`)."""
        bm, bk, bmm = tiles.TL1.get((n, k)) or tiles.chosen_tl1(n, k)
        return cls.model_validate({"bm": bm, "bk": bk, "bmm": bmm})

    @classmethod
    def is_published(cls, n: int, k: int) -> bool:
        """Whether bitnet.cpp generates a kernel for this shape."""
        return (n, k) in tiles.TL1

    def size_faults(self, n: int, k: int) -> list[str]:
        """Whole tiles of whole strips and steps only."""
        return [
            *multiple_fault("bm", self.bm, self.bmm, "bmm, the rows of a strip"),
            *multiple_fault("bk", self.bk, 256 // self.bmm, "256 / bmm, the columns of a step"),
            *multiple_fault("n", n, self.bm, "bm, the rows of a tile"),
            *multiple_fault("k", k, self.bk, "bk, the columns of a tile"),
        ]

    def stored_bytes(self, n: int, k: int) -> int:
        """Four weights in a byte."""
        return n * k // 4

    def _encode(self, packed: NDArray[np.uint8], stored: NDArray[np.uint8]) -> None:
        _encode(packed, tiles.pairs_of_digits(), self.bm, self.bk // 4, self.bmm, stored)

    def _decode(self, stored: NDArray[np.uint8], packed: NDArray[np.uint8]) -> int:
        table = tiles.digits_of_pairs()
        return int(_decode(stored, table, self.bm, self.bk // 4, self.bmm, packed))
