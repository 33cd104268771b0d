"""The steps of a layer that are attention: positions, heads or columns are shared out."""

from __future__ import annotations

import math

import numpy as np

from bitsim.kernels import njit
from bitsim.reference.kernels.head_group import TILE, mix, padded, score, soften
from bitsim.reference.kernels.team import done, take, wait
from bitsim.reference.network.attention import rotate, wide_queries

POSITIONS = 256  # that are scored in one part
COLUMNS = 64  # of a head that are mixed in one part


@njit(cache=True)
def scores_step(member, step, layer, token):
    """Rotates the query and the key, stores key and value, and scores all positions."""
    keys, values = token.keys[layer], token.values[layer]
    tickets, qkv, weights, start = token.tickets, token.qkv, token.weights, token.start
    cos, sin = token.cos, token.sin
    kv_heads, capacity, head_dim = keys.shape
    group = token.mixed.shape[0] // (kv_heads * head_dim)
    flat = keys.reshape(-1)
    count = start + 1
    scale = np.float32(1 / math.sqrt(head_dim))
    width, kv_size = group * head_dim, kv_heads * head_dim
    blocks = (count + POSITIONS - 1) // POSITIONS
    while True:
        part = take(tickets, step, member, kv_heads * blocks)
        if part < 0:
            break
        kv_head, first = part // blocks, part % blocks * POSITIONS
        end = min(first + POSITIONS, count)
        key_at = kv_heads * width + kv_head * head_dim
        turned = np.empty((1, width + head_dim), np.float32)
        turned[0, :width] = qkv[kv_head * width : (kv_head + 1) * width]
        turned[0, width:] = qkv[key_at : key_at + head_dim]
        rotate(turned, group + 1, cos, sin)
        if end == count:
            keys[kv_head, start] = turned[0, width:]
            values[kv_head, start] = qkv[key_at + kv_size : key_at + kv_size + head_dim]
        shape, span = (group, head_dim, padded(head_dim)), (first, end)
        queries = wide_queries(turned, 0, 1, 0, shape)
        at, base = kv_head * count * group, kv_head * capacity * head_dim
        score(queries, 0, flat, base, shape, span, scale, weights, at)
        done(tickets, step)
    wait(tickets, step, kv_heads * blocks)


@njit(cache=True, error_model="numpy")
def softmax_step(member, step, token):
    tickets, weights, count = token.tickets, token.weights, token.start + 1
    kv_heads = token.keys.shape[1]
    group = weights.shape[0] // (kv_heads * count)
    while True:
        part = take(tickets, step, member, kv_heads)
        if part < 0:
            break
        soften(weights, part * count * group, count, group)
        done(tickets, step)
    wait(tickets, step, kv_heads)


@njit(cache=True)
def mix_step(member, step, layer, token):
    values = token.values[layer]
    tickets, weights, mixed, count = token.tickets, token.weights, token.mixed, token.start + 1
    kv_heads, capacity, head_dim = values.shape
    group = mixed.shape[0] // (kv_heads * head_dim)
    flat = values.reshape(-1)
    pieces = (head_dim + COLUMNS - 1) // COLUMNS
    while True:
        part = take(tickets, step, member, kv_heads * pieces)
        if part < 0:
            break
        kv_head, low = part // pieces, part % pieces * COLUMNS
        high = min(low + COLUMNS, head_dim)
        at = kv_head * group * head_dim
        for head in range(group):
            mixed[at + head * head_dim + low : at + head * head_dim + high] = np.float32(0)
        for tile in range(0, count, TILE):
            weight_at = (kv_head * count + tile) * group
            value_at = (kv_head * capacity + tile) * head_dim
            positions = min(TILE, count - tile)
            shape, columns = (group, head_dim), (low, high)
            mix(weights, weight_at, flat, value_at, shape, positions, mixed, at, columns)
        done(tickets, step)
    wait(tickets, step, kv_heads * pieces)
