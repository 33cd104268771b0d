"""Causal attention over a key-value cache: RoPE, grouped queries, softmax, all in f32."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numba import prange
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.reference.kernels import threads
from bitsim.reference.kernels.head_group import TILE, mix, padded, score, soften
from bitsim.reference.kernels.lanes import LINE_BYTES, line_place
from bitsim.reference.memory import require_memory
from bitsim.spec.network import NetworkSpec
from bitsim.units import ceil_div

TOKENS = 8  # that meet a tile of keys, or values, while it stays in L1


@dataclass(eq=False)
class KVCache:
    """Rotated keys and values of all tokens so far; `forward` adds to it.

    keys, values  (layers, kv_heads, capacity, head_dim)  float32
    length        tokens held
    passes        walks through the network so far
    """

    keys: NDArray[np.float32]
    values: NDArray[np.float32]
    length: int = 0
    passes: int = 0

    @classmethod
    def empty(cls, spec: NetworkSpec, capacity: int) -> Self:
        """Room for `capacity` tokens."""
        shape = (spec.layers, spec.kv_heads, capacity, spec.head_dim)
        require_memory(2 * 4 * math.prod(shape), f"a key-value cache of {capacity} tokens")
        return cls(_zeros(shape), _zeros(shape))

    @property
    def capacity(self) -> int:
        """Tokens that fit."""
        return self.keys.shape[2]


def _zeros(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Zeros that begin with a cache line."""
    count = math.prod(shape)
    room = np.zeros(count + LINE_BYTES // 4, np.float32)
    first = -room.ctypes.data % LINE_BYTES // 4
    return room[first : first + count].reshape(shape)


def rope_table(
    spec: NetworkSpec, start: int, count: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """cos and sin of positions start ... start + count - 1, each (count, head_dim / 2) float32.

    Angles are products of f32, as in transformers' `BitNetRotaryEmbedding`; powers, cos and sin
    are computed in f64 and rounded once, so that no library's vector path shows.
    """
    exponents = np.arange(0, spec.head_dim, 2) / spec.head_dim
    inverse = np.float32(1) / (spec.rope_theta**exponents).astype(np.float32)
    positions = np.arange(start, start + count).astype(np.float32)
    angles = (positions[:, None] * inverse[None, :]).astype(np.float64)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


@njit(cache=True)
def rotate(qkv, heads, cos, sin):
    """RoPE of the first `heads` heads of each token, in place: place j turns with j + half.

    qkv       (m, width)  float32
    cos, sin  (m, half)   float32
    """
    half = cos.shape[1]
    for token in range(qkv.shape[0]):
        for head in range(heads):
            first = 2 * half * head
            for j in range(half):
                low, high = qkv[token, first + j], qkv[token, first + half + j]
                qkv[token, first + j] = low * cos[token, j] + -high * sin[token, j]
                qkv[token, first + half + j] = high * cos[token, j] + low * sin[token, j]


@njit(inline="always")
def wide_queries(qkv, first, end, at, shape):
    """Query heads of tokens first ... end - 1 as `head_group.score` takes them.

    Returns ((end - first) * group * padded,) float32, which begins with a cache line.
    """
    group, head_dim, wide = shape
    count = (end - first) * group * wide
    room = np.zeros(count + LINE_BYTES // 4, np.float32)
    line = line_place(room)
    queries = room[line : line + count]
    for token in range(first, end):
        for head in range(group):
            to = ((token - first) * group + head) * wide
            for j in range(head_dim):
                queries[to + j] = qkv[token, at + head * head_dim + j]
    return queries


class Heads(NamedTuple):
    """Who attends to what.

    qkv           (m, hidden + 2 x kv_size)        float32, as `attend` takes it
    keys, values  (kv_heads, capacity, head_dim)   float32, of one layer
    start         tokens before those of the pass
    out           (m, hidden)                      float32, written
    """

    qkv: NDArray[np.float32]
    keys: NDArray[np.float32]
    values: NDArray[np.float32]
    start: int
    out: NDArray[np.float32]


@njit(cache=True, error_model="numpy")
def _attend(heads, first_task, end_task):
    """Tasks first_task ... end_task - 1; one is the heads of a group, of TOKENS tokens.

    Tile by tile for all of these tokens.
    """
    qkv, keys, values, start, out = heads
    kv_heads, capacity, head_dim = keys.shape
    m, hidden = out.shape
    group, wide = hidden // (kv_heads * head_dim), padded(head_dim)
    shape, padded_shape, all_of = (group, head_dim), (group, head_dim, wide), (0, head_dim)
    scale = np.float32(1 / math.sqrt(head_dim))
    flat_keys, flat_values, flat_out = keys.reshape(-1), values.reshape(-1), out.reshape(-1)
    blocks = (m + TOKENS - 1) // TOKENS
    for task in range(first_task, end_task):
        kv_head, first = task // blocks, task % blocks * TOKENS
        end = min(first + TOKENS, m)
        tokens, most = end - first, start + end
        base, at = kv_head * capacity * head_dim, kv_head * group * head_dim
        queries = wide_queries(qkv, first, end, at, padded_shape)
        weights = np.empty(tokens * most * group, np.float32)
        for tile in range(0, most, TILE):
            for token in range(tokens):
                seen = min(tile + TILE, start + first + token + 1)
                query_at, weight_at = token * group * wide, token * most * group
                span = (tile, seen)
                score(
                    queries,
                    query_at,
                    flat_keys,
                    base,
                    padded_shape,
                    span,
                    scale,
                    weights,
                    weight_at,
                )
        for token in range(tokens):
            soften(weights, token * most * group, start + first + token + 1, group)
            for place in range(at, at + group * head_dim):
                out[first + token, place] = np.float32(0)
        for tile in range(0, most, TILE):
            for token in range(tokens):
                seen = min(tile + TILE, start + first + token + 1)
                weight_at, value_at = (token * most + tile) * group, base + tile * head_dim
                out_at, count = (first + token) * hidden + at, seen - tile
                mix(
                    weights,
                    weight_at,
                    flat_values,
                    value_at,
                    shape,
                    count,
                    flat_out,
                    out_at,
                    all_of,
                )


@njit(cache=True, parallel=True)
def _attend_parallel(heads, tasks):
    for task in prange(tasks):
        _attend(heads, task, task + 1)


def attend(
    spec: NetworkSpec,
    qkv: NDArray[np.float32],
    cache: KVCache,
    layer: int,
    out: NDArray[np.float32],
) -> None:
    """Attention of the tokens of a pass over themselves and all before them.

    qkv  (m, hidden + 2 x kv_size)  float32; queries and keys are rotated in place, keys and values
         stored in the cache at positions length ... length + m - 1
    out  (m, hidden)                float32, heads side by side
    """
    m, start = qkv.shape[0], cache.length
    cos, sin = rope_table(spec, start, m)
    rotate(qkv, spec.heads + spec.kv_heads, cos, sin)
    for store, first in (
        (cache.keys, spec.hidden_size),
        (cache.values, spec.hidden_size + spec.kv_size),
    ):
        new = qkv[:, first : first + spec.kv_size].reshape(m, spec.kv_heads, spec.head_dim)
        store[layer, :, start : start + m] = new.transpose(1, 0, 2)
    scores = m * (start + m) * spec.heads
    tasks = spec.kv_heads * ceil_div(m, TOKENS)
    heads = Heads(qkv, cache.keys[layer], cache.values[layer], start, out)
    if threads.worthwhile(2 * scores * spec.head_dim):
        _attend_parallel(heads, tasks)
    else:
        _attend(heads, 0, tasks)
