"""Q6_K: super-blocks of 256 values, a scale for each 16 and one for all.

A super-block is 128 bytes of low nibbles, 64 bytes of high pairs, 16 scales s (int8) and d (F16);
a value is (d * s) * (code - 32) in f32, code of 6 bits. It has two halves of 128 values: value
32 g + i of a half has its low bits in nibble g // 2 of byte 32 (g % 2) + i, its high bits in pair g
of byte i. Source: github.com/ggml-org/ggml, `block_q6_K` in ggml-common.h and
`dequantize_row_q6_K` in ggml-quants.c.
"""

from __future__ import annotations

import numpy as np

from bitsim.kernels import njit
from bitsim.reference.tables.codes import bits, joined, load_codes, store_scaled
from bitsim.reference.tables.f16 import widen

BLOCK, BLOCK_BYTES = 256, 210
HIGH, SCALES, D = 128, 192, 208  # where they begin; the low nibbles are in front


@njit(cache=True)
def _bits(raw, block):
    """Of a block's d."""
    return np.uint16(raw[block + D]) | np.uint16(raw[block + D + 1]) << np.uint16(8)


@njit(cache=True)
def decode(raw, out):
    """A row: raw (210 k / 256,) uint8 to out (k,) float32."""
    small = raw.view(np.int8)
    for number in range(out.shape[0] // BLOCK):
        block = number * BLOCK_BYTES
        d = widen(_bits(raw, block))
        for half in range(2):
            high = load_codes(raw, block + HIGH + 32 * half)
            for g in range(4):
                low = load_codes(raw, block + 64 * half + 32 * (g % 2))
                codes = joined(
                    bits(low, np.uint8(4 * (g // 2)), np.uint8(15)),
                    bits(high, np.uint8(2 * g), np.uint8(3)),
                )
                scale = block + SCALES + 8 * half + 2 * g
                step0 = d * np.float32(small[scale])
                step1 = d * np.float32(small[scale + 1])
                to = number * BLOCK + 128 * half + 32 * g
                store_scaled(codes, np.uint8(32), step0, step1, out, to)


@njit(cache=True)
def finite(raw):
    """Whether no d of a row is infinite or NaN; then no value is."""
    found = True
    for block in range(0, raw.shape[0], BLOCK_BYTES):
        found &= (_bits(raw, block) & np.uint16(0x7C00)) != np.uint16(0x7C00)
    return found
