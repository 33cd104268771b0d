"""Causal attention over a key-value cache: RoPE, grouped queries, softmax, all in f32."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from bitsim.reference import threads
from bitsim.reference.floats import LANES, dot
from bitsim.reference.memory import require_memory
from bitsim.spec.network import NetworkSpec


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
        return cls(np.zeros(shape, np.float32), np.zeros(shape, np.float32))

    @property
    def capacity(self) -> int:
        """Tokens that fit."""
        return self.keys.shape[2]


def rope_table(
    spec: NetworkSpec, start: int, count: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """cos and sin of positions start ... start + count - 1, each (count, head_dim / 2) float32.

    Angles are products of f32, as in transformers' `BitNetRotaryEmbedding`; powers, cos and sin
    are worked out in f64 and rounded once, so that no library's vector path shows.
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


@njit(cache=True)
def _attend_head(qkv, keys, values, start, heads, task, out):
    """One query head of one token; task = token * heads + head."""
    kv_heads, _, head_dim = keys.shape
    group = heads // kv_heads
    scale = np.float32(1 / math.sqrt(head_dim))
    token, head = task // heads, task % heads
    count = start + token + 1
    query = qkv[token, head * head_dim : (head + 1) * head_dim]
    k, v = keys[head // group], values[head // group]
    result = out[token, head * head_dim : (head + 1) * head_dim]
    lanes = np.empty(LANES, np.float32)
    weights = np.empty(count, np.float32)
    largest = np.float32(-np.inf)
    for position in range(count):
        weights[position] = dot(query, k[position], lanes) * scale
        largest = max(largest, weights[position])
    total = np.float32(0)
    for position in range(count):
        weights[position] = math.exp(weights[position] - largest)
        total += weights[position]
    result[:] = np.float32(0)
    for position in range(count):
        weight = weights[position] / total
        for j in range(head_dim):
            result[j] += weight * v[position, j]


@njit(cache=True)
def _attend(qkv, keys, values, start, heads, out):
    for task in range(qkv.shape[0] * heads):
        _attend_head(qkv, keys, values, start, heads, task, out)


@njit(cache=True, parallel=True)
def _attend_parallel(qkv, keys, values, start, heads, out):
    for task in prange(qkv.shape[0] * heads):
        _attend_head(qkv, keys, values, start, heads, task, out)


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
    run = _attend_parallel if threads.worthwhile(2 * scores * spec.head_dim) else _attend
    run(qkv, cache.keys[layer], cache.values[layer], start, spec.heads, out)
