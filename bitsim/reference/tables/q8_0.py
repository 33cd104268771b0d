"""Q8_0: blocks of 32 values that share a scale.

A block is d (F16) and 32 codes q (int8); a value is q * d in f32. Source: github.com/ggml-org/ggml,
`block_q8_0` in ggml-common.h and `dequantize_row_q8_0` in ggml-quants.c.
"""

from __future__ import annotations

import numpy as np

from bitsim.kernels import njit
from bitsim.reference.tables.codes import load_codes, store_scaled
from bitsim.reference.tables.f16 import widen

BLOCK, BLOCK_BYTES = 32, 34


@njit(cache=True)
def _bits(raw, block):
    """Of a block's scale. Bytes one by one: a slice of an array costs as much as a block."""
    return np.uint16(raw[block]) | np.uint16(raw[block + 1]) << np.uint16(8)


@njit(cache=True)
def decode(raw, out):
    """A row: raw (34 k / 32,) uint8 to out (k,) float32."""
    for number in range(out.shape[0] // BLOCK):
        block = number * BLOCK_BYTES
        d = widen(_bits(raw, block))
        store_scaled(load_codes(raw, block + 2), np.uint8(0), d, d, out, number * BLOCK)


@njit(cache=True)
def finite(raw):
    """Whether no scale of a row is infinite or NaN; then no value is."""
    found = True
    for block in range(0, raw.shape[0], BLOCK_BYTES):
        found &= (_bits(raw, block) & np.uint16(0x7C00)) != np.uint16(0x7C00)
    return found
