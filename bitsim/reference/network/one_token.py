"""One token of one sequence through all layers in one kernel: what decoding spends its time in.

The bits are the same as in the plain walk of `network`: the same functions meet the same numbers,
only in a different place. A layer is seven steps of a `team`: three of attention, four of products.
Where a step needs the whole vector (norm, codes), each member computes it for itself, which takes
less time than waiting for another member.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numba import prange
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.reference.kernels import threads
from bitsim.reference.kernels.floats import LANES, gate_token, norm_token
from bitsim.reference.kernels.head_group import TILE, mix, padded, score, soften
from bitsim.reference.kernels.product.product import PATH, planes_of_token
from bitsim.reference.kernels.quantizer import dequantize_token, quantize_token
from bitsim.reference.kernels.team import done, take, tickets, wait
from bitsim.reference.network.addresses import (
    DOWN_PROJ,
    GATE_PROJ,
    K_PROJ,
    O_PROJ,
    Q_PROJ,
    UP_PROJ,
    V_PROJ,
    Addresses,
    codes_at,
    gains_at,
)
from bitsim.reference.network.attention import KVCache, rope_table, rotate, wide_queries
from bitsim.spec.network import NetworkSpec

QKV, SCORES, SOFTMAX, MIX, OUTPUT, GATE_UP, DOWN, STEPS = range(8)
PART_BYTES = 64 * 1024  # of codes: long enough to be read in one run, short enough to share out
POSITIONS = 256  # that are scored in one part
COLUMNS = 64  # of a head that are mixed in one part

arrange, some_rows = PATH.arrange, PATH.some_rows


@njit(cache=True)
def _rows_per_part(k):
    return max(2, PART_BYTES // ((k + 3) // 4) // 2 * 2)


@njit(cache=True)
def _parts(n, k):
    rows = _rows_per_part(k)
    return (n + rows - 1) // rows


@njit(cache=True)
def _prepared(x, gain_address, eps):
    """x (k,) float32, normed and quantised, with all else that `_outputs` takes."""
    k = x.shape[0]
    normed, lanes = np.empty(k, np.float32), np.empty(LANES, np.float32)
    norm_token(x, gains_at(gain_address, k), eps, lanes, normed)
    codes = np.empty(k, np.int8)
    scale, finite = quantize_token(normed, codes)
    planes, sums = np.empty((1, 4, (k + 3) // 4), np.int8), np.empty(1, np.int32)
    sums[0] = planes_of_token(codes, planes[0])
    products = np.empty((1, _rows_per_part(k)), np.int32)
    return planes, arrange(planes), sums, scale, finite, products


@njit(cache=True, error_model="numpy")
def _outputs(address, weight_scale, n, k, ready, first, end, faults, values):
    """Rows first ... end - 1 of a matrix times what is ready, into values: float32, with room."""
    planes, arranged, sums, scale, finite, products = ready
    if not finite:
        faults[0] = 1
    some_rows(codes_at(address, n, k), planes, arranged, sums, -first, first, end, products)
    dequantize_token(products[0, : end - first], scale, weight_scale, values[: end - first])


@njit(cache=True)
def _qkv(member, tickets, step, matrices, scales, ready, hidden, kv_size, qkv, faults):
    k = hidden.shape[0]
    rows = _rows_per_part(k)
    q_parts, kv_parts = _parts(k, k), _parts(kv_size, k)
    parts = q_parts + 2 * kv_parts
    while True:
        part = take(tickets, step, member, parts)
        if part < 0:
            break
        matrix, n, column = Q_PROJ, k, 0
        if part >= q_parts + kv_parts:
            matrix, n, column, part = V_PROJ, kv_size, k + kv_size, part - q_parts - kv_parts
        elif part >= q_parts:
            matrix, n, column, part = K_PROJ, kv_size, k, part - q_parts
        first, end = part * rows, min(part * rows + rows, n)
        values = qkv[column + first : column + end]
        _outputs(matrices[matrix], scales[matrix], n, k, ready, first, end, faults, values)
        done(tickets, step)
    wait(tickets, step, parts)


@njit(cache=True)
def _add(member, tickets, step, address, weight_scale, ready, k, hidden, faults):
    """hidden += matrix times what is ready, k columns."""
    n = hidden.shape[0]
    rows, parts = _rows_per_part(k), _parts(n, k)
    values = np.empty(rows, np.float32)
    while True:
        part = take(tickets, step, member, parts)
        if part < 0:
            break
        first, end = part * rows, min(part * rows + rows, n)
        _outputs(address, weight_scale, n, k, ready, first, end, faults, values)
        hidden[first:end] += values[: end - first]
        done(tickets, step)
    wait(tickets, step, parts)


@njit(cache=True)
def _gate_up(member, tickets, step, matrices, scales, ready, k, gated, faults):
    n = gated.shape[0]
    rows, parts = _rows_per_part(k), _parts(n, k)
    gate, up = np.empty(rows, np.float32), np.empty(rows, np.float32)
    gate_at, up_at = matrices[GATE_PROJ], matrices[UP_PROJ]
    while True:
        part = take(tickets, step, member, parts)
        if part < 0:
            break
        first, end = part * rows, min(part * rows + rows, n)
        _outputs(gate_at, scales[GATE_PROJ], n, k, ready, first, end, faults, gate)
        _outputs(up_at, scales[UP_PROJ], n, k, ready, first, end, faults, up)
        gate_token(gate, up, gated[first:end])
        done(tickets, step)
    wait(tickets, step, parts)


@njit(cache=True)
def _scores(member, tickets, step, qkv, group, cos, sin, keys, values, start, weights):
    """Rotates the query and the key, stores key and value, and scores all positions."""
    kv_heads, capacity, head_dim = keys.shape
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
def _softmax(member, tickets, step, kv_heads, group, count, weights):
    while True:
        part = take(tickets, step, member, kv_heads)
        if part < 0:
            break
        soften(weights, part * count * group, count, group)
        done(tickets, step)
    wait(tickets, step, kv_heads)


@njit(cache=True)
def _mix(member, tickets, step, group, count, weights, values, mixed):
    kv_heads, capacity, head_dim = values.shape
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


@njit(cache=True)
def _member(member, tickets, matrices, scales, gains, eps, heads, hidden, gated, cos, sin,
            keys, values, start, qkv, weights, mixed, faults):  # fmt: skip
    """All steps of all layers; shared arrays are written to in parts alone."""
    layers, kv_heads, _, head_dim = keys.shape
    group, count, k, ffn = heads // kv_heads, start + 1, hidden.shape[0], gated.shape[0]
    for layer in range(layers):
        at, scale, gain, step = matrices[layer], scales[layer], gains[layer], layer * STEPS
        ready = _prepared(hidden, gain[0], eps)
        kv_size = kv_heads * head_dim
        _qkv(member, tickets, step + QKV, at, scale, ready, hidden, kv_size, qkv, faults)
        k_layer, v_layer = keys[layer], values[layer]
        _scores(
            *(member, tickets, step + SCORES, qkv, group, cos, sin),
            *(k_layer, v_layer, start, weights),
        )
        _softmax(member, tickets, step + SOFTMAX, kv_heads, group, count, weights)
        _mix(member, tickets, step + MIX, group, count, weights, v_layer, mixed)
        ready = _prepared(mixed, gain[1], eps)
        o_at, o_scale = at[O_PROJ], scale[O_PROJ]
        _add(member, tickets, step + OUTPUT, o_at, o_scale, ready, k, hidden, faults)
        ready = _prepared(hidden, gain[2], eps)
        _gate_up(member, tickets, step + GATE_UP, at, scale, ready, k, gated, faults)
        ready = _prepared(gated, gain[3], eps)
        down_at, down_scale = at[DOWN_PROJ], scale[DOWN_PROJ]
        _add(member, tickets, step + DOWN, down_at, down_scale, ready, ffn, hidden, faults)


@njit(cache=True, parallel=True)
def _together(tickets, matrices, scales, gains, eps, heads, hidden, gated, cos, sin,
              keys, values, start, qkv, weights, mixed, faults):  # fmt: skip
    for member in prange(tickets.shape[1] - 1):
        _member(member, tickets, matrices, scales, gains, eps, heads, hidden, gated, cos, sin,
                keys, values, start, qkv, weights, mixed, faults)  # fmt: skip


def walk(
    spec: NetworkSpec, addresses: Addresses, hidden: NDArray[np.float32], cache: KVCache
) -> bool:
    """All layers of one token, its key and value into the cache at `cache.length`.

    hidden   (hidden,)  float32, the embedding's row; the last layer's output in its place
    returns  whether the input of every product was finite; if not, `hidden` is void
    """
    start = cache.length
    team = numba.get_num_threads() if threads.worthwhile(spec.ternary_weights) else 1
    counts = tickets(spec.layers * STEPS, team)
    gated = np.empty(spec.intermediate_size, np.float32)
    cos, sin = rope_table(spec, start, 1)
    qkv = np.empty(spec.hidden_size + 2 * spec.kv_size, np.float32)
    weights = np.empty(spec.heads * (start + 1), np.float32)
    mixed = np.empty(spec.hidden_size, np.float32)
    faults = np.zeros(1, np.int64)
    places = (addresses.matrices, addresses.scales, addresses.gains)
    eps = np.float32(spec.rms_norm_eps)
    shared = (hidden, gated, cos, sin, cache.keys, cache.values, start, qkv, weights, mixed, faults)
    if team == 1:
        _member(0, counts, *places, eps, spec.heads, *shared)
    else:
        _together(counts, *places, eps, spec.heads, *shared)
    return not faults[0]
