"""Values as F32, little-endian."""

from __future__ import annotations

import numpy as np
from numba import njit

BLOCK, BLOCK_BYTES = 1, 4


@njit(cache=True)
def decode(raw, out):
    """A row: raw (4 k,) uint8 to out (k,) float32, as they are."""
    values = raw.view(np.float32)
    for place in range(out.shape[0]):
        out[place] = values[place]


@njit(cache=True)
def finite(raw):
    """Whether no value of a row is infinite or NaN."""
    bits = raw.view(np.uint32)
    found = np.uint32(0)
    for place in range(bits.shape[0]):
        found |= np.uint32((bits[place] & np.uint32(0x7F800000)) == np.uint32(0x7F800000))
    return found == 0
