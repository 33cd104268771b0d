"""A table of bf16: what safetensors checkpoints hold, and GGUF files may."""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.reference.kernels import threads
from bitsim.reference.kernels.floats import LANES, dot_bf16, widened
from bitsim.reference.tables.table import Table
from bitsim.units import ceil_div

ROWS_PER_BLOCK = 256  # rows that one thread takes at a time


@njit(cache=True)
def _logits(bits, x, first, end, out):
    lanes = np.empty(LANES, np.float32)
    for row in range(first, end):
        for token in range(x.shape[0]):
            out[token, row] = dot_bf16(bits[row], x[token], lanes)


@njit(cache=True, parallel=True)
def _logits_parallel(bits, x, blocks, out):
    for block in prange(blocks):
        first = block * ROWS_PER_BLOCK
        _logits(bits, x, first, min(first + ROWS_PER_BLOCK, bits.shape[0]), out)


class Bf16Table(Table):
    """bits (vocab, hidden) uint16: the upper halves of f32."""

    def __init__(self, bits: NDArray[np.uint16]) -> None:
        vocab, hidden = bits.shape
        super().__init__("bf16", vocab, hidden, bits.nbytes)
        self.bits = bits

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `Table`; widening bf16 is exact."""
        return widened(self.bits[ids])

    def logits(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Table`; f32 sums in the order of `floats.dot`."""
        out = np.empty((x.shape[0], self.vocab), np.float32)
        if threads.worthwhile(self.bits.size * x.shape[0]):
            _logits_parallel(self.bits, x, ceil_div(self.vocab, ROWS_PER_BLOCK), out)
        else:
            _logits(self.bits, x, 0, self.vocab, out)
        return out
