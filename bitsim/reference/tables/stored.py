"""Tables that are decoded row by row from the bytes of their file: F32, F16, Q8_0, Q6_K.

Rows are decoded into a scratch that stays in L1, where all tokens meet them. The values are
bit for bit what ggml's `dequantize_row_*` gives, and the sums are what `floats.dot` gives on them.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.reference.kernels import threads
from bitsim.reference.kernels.floats import LANES, dot
from bitsim.reference.kernels.lanes import WIDTH, fold, load_lanes, multiply_add, no_lanes
from bitsim.reference.tables import f16, f32, q6_k, q8_0
from bitsim.reference.tables.table import Table
from bitsim.units import ceil_div

ROWS_PER_BLOCK = 256  # rows that one thread takes at a time
F32, F16, Q8_0, Q6_K = range(4)
FORMS = {"F32": F32, "F16": F16, "Q8_0": Q8_0, "Q6_K": Q6_K}
LAYOUTS = (f32, f16, q8_0, q6_k)  # by number


@njit(cache=True)
def _decode(form, raw, out):
    if form == F32:
        f32.decode(raw, out)
    elif form == F16:
        f16.decode(raw, out)
    elif form == Q8_0:
        q8_0.decode(raw, out)
    else:
        q6_k.decode(raw, out)


@njit(cache=True)
def _finite(form, raw):
    if form == F32:
        return f32.finite(raw)
    elif form == F16:
        return f16.finite(raw)
    elif form == Q8_0:
        return q8_0.finite(raw)
    else:
        return q6_k.finite(raw)


@njit(cache=True)
def _all_finite(form, raw):
    found = True
    for row in range(raw.shape[0]):
        found &= _finite(form, raw[row])
    return found


@njit(cache=True)
def _rows(form, raw, ids, out):
    for token in range(ids.shape[0]):
        _decode(form, raw[ids[token]], out[token])


@njit(cache=True)
def _row(form, raw, x, values, lanes):
    """A row by one token; F32 and F16 go without the scratch, which would halve their pace."""
    if form == F32 and x.shape[0] % LANES == 0:
        return f32.dot(raw, x)
    if form == F16 and x.shape[0] % LANES == 0:
        return f16.dot(raw, x, values)
    _decode(form, raw, values)
    return dot(values, x, lanes)


@njit(cache=True)
def _pair(values, x, at):
    """Two rows, values (2, k), by the token that begins at x's flat place `at`."""
    k = values.shape[1]
    low0 = high0 = low1 = high1 = no_lanes()
    for place in range(0, k, LANES):
        y = load_lanes(x, at + place)
        low0 = multiply_add(low0, load_lanes(values, place), y)
        low1 = multiply_add(low1, load_lanes(values, k + place), y)
        y = load_lanes(x, at + place + WIDTH)
        high0 = multiply_add(high0, load_lanes(values, place + WIDTH), y)
        high1 = multiply_add(high1, load_lanes(values, k + place + WIDTH), y)
    return fold(low0, high0), fold(low1, high1)


@njit(cache=True)
def _logits(form, raw, x, first, end, out):
    tokens, k = x.shape
    lanes = np.empty(LANES, np.float32)
    values = np.empty((2, k), np.float32)
    if tokens == 1 or k % LANES:
        for row in range(first, end):
            for token in range(tokens):
                out[token, row] = _row(form, raw[row], x[token], values[0], lanes)
        return
    for row in range(first, end, 2):
        row1 = min(row + 1, end - 1)  # a last row alone is its own neighbour
        _decode(form, raw[row], values[0])
        _decode(form, raw[row1], values[1])
        for token in range(tokens):
            out[token, row], out[token, row1] = _pair(values, x, token * k)


@njit(cache=True, parallel=True)
def _logits_parallel(form, raw, x, blocks, out):
    for block in prange(blocks):
        first = block * ROWS_PER_BLOCK
        _logits(form, raw, x, first, min(first + ROWS_PER_BLOCK, raw.shape[0]), out)


class StoredTable(Table):
    """raw (vocab, bytes of a row) uint8 in one of FORMS, a view of the file."""

    def __init__(self, form: str, raw: NDArray[np.uint8]) -> None:
        self.number = FORMS[form]
        layout = LAYOUTS[self.number]
        vocab, row_bytes = raw.shape
        assert raw.flags.c_contiguous
        assert row_bytes % layout.BLOCK_BYTES == 0, f"{form}: rows of {row_bytes} bytes"
        hidden = row_bytes // layout.BLOCK_BYTES * layout.BLOCK
        super().__init__(form.lower(), vocab, hidden, raw.nbytes)
        self.raw = raw

    def finite(self) -> bool:
        """Whether no value is infinite or NaN."""
        return bool(_all_finite(self.number, self.raw))

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `Table`."""
        out = np.empty((ids.shape[0], self.hidden), np.float32)
        _rows(self.number, self.raw, ids, out)
        return out

    def logits(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Table`."""
        out = np.empty((x.shape[0], self.vocab), np.float32)
        if threads.worthwhile(self.vocab * self.hidden * x.shape[0]):
            blocks = ceil_div(self.vocab, ROWS_PER_BLOCK)
            _logits_parallel(self.number, self.raw, x, blocks, out)
        else:
            _logits(self.number, self.raw, x, 0, self.vocab, out)
        return out
