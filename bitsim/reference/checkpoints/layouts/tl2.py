"""TL2, the layout of bitnet.cpp's lookup kernel for x86: three weights in 5 bits, in tiles.

A triple (a, b, c) along K is the number v = 9a + 3b + c, kept as |v|, 0 to 13, in 4 bits and one
bit that is 1 if v < 0. The columns that fill whole tiles of `bk` are held so; the rest, a multiple
of 32 columns, as pairs in 4 bits like TL1. Three areas follow each other, then bytes of 0:

magnitudes  tiles of `bm` rows x `bk` columns along K, then along N; in a tile strips of 32 rows; in
            a strip steps of 6 columns, 32 bytes each, one a row: two triples, the first in the high
            bits. The bytes follow rows 0-7, 16-23, 8-15, 24-31, as AVX2 unpacks them.
signs       the same tiles and strips; in a strip steps of 24 columns, 16 words of 16 bits each:
            word w, bit 15 - 2t is triple t of row w, bit 14 - 2t that of row w + 16.
rest        tiles of `bm` rows x 32 columns; strips of 32 rows; steps of 4 columns, 32 bytes in the
            order of magnitudes: two pairs, the first in the high bits.

Source: microsoft/BitNet, utils/convert-hf-to-gguf-bitnet.py `preprocess_weights_tl2`; the order in
which `three_tbl_impl` of utils/templates/tl2_table_impl.h reads; bounds from utils/codegen_tl2.py.
"""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bitsim.kernels import njit
from bitsim.reference.checkpoints.layouts import tiles
from bitsim.reference.checkpoints.layouts.layout import Layout, multiple_fault

STRIP = 32  # rows
UNIT = 24  # columns whose signs are one step: 8 triples, 6 bytes of `2bit`
REST_STEP = 32  # the rest is a multiple of this many columns
REST_COLUMNS = 256  # that the size of a tensor allows for, whatever the rest is


@njit(cache=True)
def _lane(row):
    """Place of a strip's row in the 32 bytes of a step: the middle groups of 8 change places."""
    group = row // 8
    return (group % 2 * 2 + group // 2) * 8 + row % 8


@njit(cache=True)
def _step(strip, unit, units, bm, tile_units):
    """Which step of signs, and of 4 steps of magnitudes, (32 rows, 24 columns) are."""
    strips = bm // STRIP
    tile = strip // strips * (units // tile_units) + unit // tile_units
    return (tile * strips + strip % strips) * tile_units + unit % tile_units


@njit(cache=True)
def _rest_step(strip, column4, rest4, bm):
    """Which step of the rest (32 rows, 4 columns) are; a tile has 8 such steps a strip."""
    strips = bm // STRIP
    tile = strip // strips * (rest4 // 8) + column4 // 8
    return (tile * strips + strip % strips) * 8 + column4 % 8


@njit(cache=True)
def _store_unit(digits, shift, magnitudes, signs, at, word):
    """8 triples, 48 bits of digits; `shift` is 1 for the lower 16 rows of a strip, else 0."""
    for byte in range(4):
        both = np.int64(0)
        for half in range(2):
            triple = digits >> np.uint64(12 * byte + 6 * half)
            a, b, c = triple & np.uint64(3), triple >> np.uint64(2), triple >> np.uint64(4)
            value = 9 * np.int64(a) + 3 * np.int64(b & np.uint64(3))
            value += np.int64(c & np.uint64(3)) - 13
            both = both << 4 | abs(value)
            if value < 0:
                signs[word] |= np.uint16(1 << (15 - shift - 2 * (2 * byte + half)))
        magnitudes[at + STRIP * byte] = both


@njit(cache=True)
def _encode(packed, table, bm, tile_units, units, magnitudes, signs, rest):
    n, k4 = packed.shape
    rest4 = k4 - 6 * units
    for strip in range(n // STRIP):
        rows = packed[STRIP * strip : STRIP * strip + STRIP]
        for unit in range(units):
            step = _step(strip, unit, units, bm, tile_units)
            for row in range(STRIP):
                digits = np.uint64(0)
                for byte in range(6):
                    digits |= np.uint64(rows[row, 6 * unit + byte]) << np.uint64(8 * byte)
                at, word = step * 4 * STRIP + _lane(row), step * 16 + row % 16
                _store_unit(digits, row // 16, magnitudes, signs, at, word)
        for column4 in range(rest4):
            at = _rest_step(strip, column4, rest4, bm) * STRIP
            for row in range(STRIP):
                rest[at + _lane(row)] = table[rows[row, 6 * units + column4]]


@njit(cache=True)
def _load_unit(magnitudes, signs, at, word, shift):
    """48 bits of digits, and how many of the 8 triples are none: above 13, or a negative 0."""
    digits, void = np.uint64(0), 0
    for place in range(8):
        magnitude = np.int64(magnitudes[at + STRIP * (place // 2)])
        magnitude = magnitude & 15 if place % 2 else magnitude >> 4
        negative = signs[word] >> np.uint16(15 - shift - 2 * place) & 1
        if magnitude > 13 or (negative and magnitude == 0):
            void += 1
            magnitude = np.int64(0)
        value = 13 - magnitude if negative else 13 + magnitude
        triple = value // 9 | value // 3 % 3 << 2 | value % 3 << 4
        digits |= np.uint64(triple) << np.uint64(6 * place)
    return digits, void


@njit(cache=True)
def _decode(magnitudes, signs, rest, table, bm, tile_units, units, packed):
    n, k4 = packed.shape
    rest4 = k4 - 6 * units
    void = 0
    for strip in range(n // STRIP):
        rows = packed[STRIP * strip : STRIP * strip + STRIP]
        for unit in range(units):
            step = _step(strip, unit, units, bm, tile_units)
            for row in range(STRIP):
                at, word = step * 4 * STRIP + _lane(row), step * 16 + row % 16
                digits, faults = _load_unit(magnitudes, signs, at, word, row // 16)
                void += faults
                for byte in range(6):
                    rows[row, 6 * unit + byte] = digits >> np.uint64(8 * byte) & np.uint64(255)
        for column4 in range(rest4):
            at = _rest_step(strip, column4, rest4, bm) * STRIP
            for row in range(STRIP):
                byte = rest[at + _lane(row)]
                void += (byte >> np.uint8(4)) > 8
                void += (byte & np.uint8(15)) > 8
                rows[row, 6 * units + column4] = table[byte]
    return void


class Tl2(Layout):
    """Tile sizes, named as in bitnet.cpp's kernel_config.ini."""

    label: ClassVar[str] = "tl2"
    bm: int = Field(ge=32, le=tiles.LARGEST)  # rows of a tile
    bk: int = Field(ge=24, le=tiles.LARGEST)  # columns of a tile of triples
    bmm: Literal[32] = 32  # rows of a strip; the converter's word of signs has room for no other

    @classmethod
    def for_shape(cls, n: int, k: int) -> Self:
        """As published for this shape, else chosen (`tiles`)."""
        bm, bk, _ = tiles.TL2.get((n, k)) or tiles.chosen_tl2(n, k)
        return cls(bm=bm, bk=bk)

    @classmethod
    def is_published(cls, n: int, k: int) -> bool:
        """Whether bitnet.cpp generates a kernel for this shape."""
        return (n, k) in tiles.TL2

    def size_faults(self, n: int, k: int) -> list[str]:
        """Whole tiles of rows; columns whose rest is whole steps, and few enough."""
        faults = [
            *multiple_fault("bm", self.bm, STRIP, "the rows of a strip"),
            *multiple_fault("bk", self.bk, UNIT, "the columns of a word of signs"),
            *multiple_fault("n", n, self.bm, "bm, the rows of a tile"),
            *multiple_fault("the rest of k by bk", k % self.bk, REST_STEP, "its tile's columns"),
        ]
        if k < max(REST_COLUMNS, self.bk):
            faults.append(
                f"k = {k} is below {max(REST_COLUMNS, self.bk)}, bk or the columns that the "
                f"size of a tensor allows for the rest"
            )
        elif k % self.bk > REST_COLUMNS:
            faults.append(
                f"the rest of k by bk = {k % self.bk} is above {REST_COLUMNS}, the columns that "
                f"the size of a tensor allows for it"
            )
        return faults

    def stored_bytes(self, n: int, k: int) -> int:
        """5/8 of a byte for each triple and 1/2 for each pair, counting 256 columns as pairs.

        However few the rest has: the areas end before, zeros follow. Rounded down in two steps, as
        the converter (`preprocess_weights_tl2`) and ggml (`ggml_nbytes`) do.
        """
        return (k - REST_COLUMNS) * n // 3 * 5 // 8 + REST_COLUMNS * n // 4

    def gguf_bytes(self, n: int, k: int) -> int:
        """What ggml takes for a tensor: to a multiple of 32, and 32 for the scale."""
        return -(-self.stored_bytes(n, k) // 32) * 32 + 32

    def used_bytes(self, n: int, k: int) -> int:
        """What the three areas take of `stored_bytes`."""
        rest = k % self.bk
        return n * (k - rest) * 5 // 24 + n * rest // 4

    def _areas(
        self, stored: NDArray[np.uint8], n: int, k: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint16], NDArray[np.uint8], NDArray[np.uint8]]:
        """Magnitudes, signs as words, the rest, and the zeros at the end."""
        threes = k - k % self.bk
        signs_at = n * threes // 6
        rest_at = n * threes * 5 // 24
        end = self.used_bytes(n, k)
        signs = stored[signs_at:rest_at].view("<u2")
        return stored[:signs_at], signs, stored[rest_at:end], stored[end:]

    def _encode(self, packed: NDArray[np.uint8], stored: NDArray[np.uint8]) -> None:
        n, k = packed.shape[0], 4 * packed.shape[1]
        magnitudes, signs, rest, _ = self._areas(stored, n, k)
        table, tile_units = tiles.pairs_of_digits(), self.bk // UNIT
        units = k // self.bk * tile_units
        _encode(packed, table, self.bm, tile_units, units, magnitudes, signs, rest)

    def _decode(self, stored: NDArray[np.uint8], packed: NDArray[np.uint8]) -> int:
        n, k = packed.shape[0], 4 * packed.shape[1]
        magnitudes, signs, rest, zeros = self._areas(stored, n, k)
        table, tile_units = tiles.digits_of_pairs(), self.bk // UNIT
        units = k // self.bk * tile_units
        void = _decode(magnitudes, signs, rest, table, self.bm, tile_units, units, packed)
        return int(void) + int(np.count_nonzero(zeros))
