"""An output head in int8: half the bytes of bf16, and not its logits.

Rows. With `largest` = max|w| of a row: code = round half even(w * f32(127 / largest)), so -127 ...
127, and w is about code * scale with scale = f32(largest / 127). A row whose |w| are all below
2^-119 counts as zeros: codes and scale 0 (its 127 / largest, or its scale, would not be a normal
f32). Activations are quantised as in front of every ternary matrix (`quantizer.quantize`). A logit
is f32(sum) * scale / activation scale, left to right in f32, and the sum is an exact integer.

|sum| <= hidden * 127 * 128, which fits in int32 up to MAX_HIDDEN.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
from numba import prange
from numpy.typing import NDArray

from bitsim.errors import BitsimError
from bitsim.kernels import njit
from bitsim.reference.kernels import quantizer, threads, vectors
from bitsim.reference.memory import require_memory
from bitsim.reference.tables.int8 import avx2 as int8_avx2
from bitsim.reference.tables.int8 import portable as int8_portable
from bitsim.reference.tables.table import Table
from bitsim.units import ceil_div

MAX_HIDDEN = (2**31 - 1) // (127 * 128)  # 132,104
SMALLEST = 2.0**-119
PADDING = 32  # codes of a row are filled up with zeros to a multiple of this
ROWS_AT_ONCE = 2048  # decoded while the table is made: 21 MB of f32 in the 2B model

SumsFn = Callable[[NDArray[np.int8]], NDArray[np.int32]]  # (m, hidden) to (m, vocab)

PATH = int8_avx2 if vectors.AVX2 else int8_portable  # the fastest for this processor


@njit(cache=True)
def _quantize_row(row, codes):
    """One row into codes, which are zeros; returns its scale."""
    bits = row.view(np.uint32)
    most = np.uint32(0)  # sizes are ordered as their bits are, and integers are compared faster
    for place in range(row.shape[0]):
        most = max(most, bits[place] & np.uint32(0x7FFFFFFF))
    largest = np.uint32(most).view(np.float32)
    if largest < np.float32(SMALLEST):
        return np.float32(0)
    inverse = np.float32(127) / largest
    for place in range(row.shape[0]):  # two roundings up make 127.00002 at most
        codes[place] = np.int8(np.rint(row[place] * inverse))
    return np.float32(largest / np.float32(127))


@njit(cache=True)
def _quantize(rows, codes, scales):
    for row in range(rows.shape[0]):
        scales[row] = _quantize_row(rows[row], codes[row])


@njit(cache=True, parallel=True)
def _quantize_parallel(rows, codes, scales):
    for row in prange(rows.shape[0]):
        scales[row] = _quantize_row(rows[row], codes[row])


@njit(cache=True)
def _logits(sums, row_scales, scales, out):
    for token in range(sums.shape[0]):
        for row in range(sums.shape[1]):
            out[token, row] = np.float32(sums[token, row]) * row_scales[row] / scales[token]


def table_bytes(vocab: int, hidden: int) -> int:
    """What an `Int8Table` takes: codes and scales."""
    return vocab * (ceil_div(hidden, PADDING) * PADDING + 4)


class Int8Table(Table):
    """A copy of a table, made when it is constructed.

    source      the table itself
    codes       (vocab, hidden rounded up)  int8
    row_scales  (vocab,)                    float32
    """

    def __init__(self, source: Table, path: ModuleType = PATH) -> None:
        vocab, hidden = source.vocab, source.hidden
        if hidden > MAX_HIDDEN:
            raise BitsimError(
                f"hidden_size = {hidden}: sums of an int8 head are exact up to {MAX_HIDDEN}; use "
                f"the network's own head"
            )
        needed_bytes = table_bytes(vocab, hidden)
        require_memory(needed_bytes, "the int8 head")
        super().__init__("int8", vocab, hidden, needed_bytes)
        self.source = source
        self.codes = np.zeros((vocab, ceil_div(hidden, PADDING) * PADDING), np.int8)
        self.row_scales = np.empty(vocab, np.float32)
        self._path = path
        for first in range(0, vocab, ROWS_AT_ONCE):
            end = min(first + ROWS_AT_ONCE, vocab)
            rows = source.rows(np.arange(first, end))
            run = _quantize_parallel if threads.worthwhile(rows.size) else _quantize
            run(rows, self.codes[first:end], self.row_scales[first:end])

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """What the codes stand for: code * scale in f32."""
        codes = self.codes[ids, : self.hidden].astype(np.float32)
        return codes * self.row_scales[ids, None]

    def sums(self, activations: NDArray[np.int8]) -> NDArray[np.int32]:
        """Exact activations @ codes^T, (m, hidden) int8 to (m, vocab)."""
        words = np.zeros((len(activations), self.codes.shape[1]), np.int16)
        words[:, : self.hidden] = activations
        out = np.empty((len(activations), self.vocab), np.int32)
        if threads.worthwhile(self.codes.size * len(activations)):
            self._path.sums_parallel(self.codes, words, out)
        else:
            self._path.sums_rows(self.codes, words, 0, self.vocab, out)
        return out

    def logits(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Table`; the arithmetic is that of this file's head."""
        return self.logits_by(x, self.sums)

    def logits_by(self, x: NDArray[np.float32], sums: SumsFn) -> NDArray[np.float32]:
        """The same with the integer products of `sums`: activations as in `sums` above."""
        activations, scales, finite = quantizer.quantize(x)
        if not finite:
            raise BitsimError(
                "the input of the head is not finite; the checkpoint's gains or scales are too "
                "large: use a sound one"
            )
        out = np.empty((len(x), self.vocab), np.float32)
        _logits(sums(activations), self.row_scales, scales, out)
        return out
