"""Values as F32, little-endian."""

from __future__ import annotations

import numpy as np

from bitsim.kernels import njit
from bitsim.reference.kernels.floats import LANES
from bitsim.reference.kernels.lanes import WIDTH, fold, load_lanes, multiply_add, no_lanes

BLOCK, BLOCK_BYTES = 1, 4


@njit(cache=True)
def decode(raw, out):
    """A row: raw (4 k,) uint8 to out (k,) float32, as they are."""
    values = raw.view(np.float32)
    for place in range(out.shape[0]):
        out[place] = values[place]


@njit(cache=True)
def dot(raw, x):
    """`floats.dot` of a row and x (k,) float32, k a multiple of LANES; reads the row in place."""
    values = raw.view(np.float32)
    low = high = no_lanes()
    for place in range(0, x.shape[0], LANES):
        low = multiply_add(low, load_lanes(values, place), load_lanes(x, place))
        more = place + WIDTH
        high = multiply_add(high, load_lanes(values, more), load_lanes(x, more))
    return fold(low, high)


@njit(cache=True)
def finite(raw):
    """Whether no value of a row is infinite or NaN."""
    bits = raw.view(np.uint32)
    found = np.uint32(0)
    for place in range(bits.shape[0]):
        found |= np.uint32((bits[place] & np.uint32(0x7F800000)) == np.uint32(0x7F800000))
    return found == 0
