"""Matrices of one input as Microsoft's GPU model holds them: one under the other, with four scales.

q, k and v follow each other, and so do gate and up. The GPU model rotates neighbouring rows of a
head (RoPE in pairs), Hugging Face rows half a head apart: rows of q and k change places.

Source: microsoft/BitNet, gpu/convert_safetensors.py `invert_convert_q`, `invert_convert_k` and
`convert_back`; gpu/convert_checkpoint.py `convert_ts_checkpoint` for the scales.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

HALVES = 2


def interleave(packed: NDArray[np.uint8], heads: int) -> NDArray[np.uint8]:
    """Rows (head, half, pair) to rows (head, pair, half), of weights with `heads` heads.

    packed   (n, bytes)  uint8, n a multiple of 2 * heads
    returns  the same shape, a new array
    """
    n, width = packed.shape
    assert n % (HALVES * heads) == 0, f"{n} rows are no {heads} heads of pairs"
    return packed.reshape(heads, HALVES, -1, width).swapaxes(1, 2).reshape(n, width).copy()


def separate(packed: NDArray[np.uint8], heads: int) -> NDArray[np.uint8]:
    """The inverse of `interleave`."""
    n, width = packed.shape
    assert n % (HALVES * heads) == 0, f"{n} rows are no {heads} heads of pairs"
    return packed.reshape(heads, -1, HALVES, width).swapaxes(1, 2).reshape(n, width).copy()


def fuse(parts: Sequence[NDArray[np.uint8]], heads: Sequence[int]) -> NDArray[np.uint8]:
    """Matrices one under the other.

    parts    (rows of each, bytes)  uint8, `2bit` of `bitsim.spec.encoding`
    heads    of each: how many heads have their rows interleaved; 0: rows stay
    returns  (all rows, bytes)  uint8, a new array
    """
    moved = [
        interleave(part, count) if count else part for part, count in zip(parts, heads, strict=True)
    ]
    return np.concatenate(moved)


def split(
    packed: NDArray[np.uint8], rows: Sequence[int], heads: Sequence[int]
) -> tuple[NDArray[np.uint8], ...]:
    """The inverse of `fuse`: new arrays of `rows` rows each."""
    assert sum(rows) == len(packed), f"{list(rows)} are not {len(packed)} rows"
    parts = np.split(packed, np.cumsum(rows)[:-1])
    return tuple(
        separate(part, count) if count else part.copy()
        for part, count in zip(parts, heads, strict=True)
    )
