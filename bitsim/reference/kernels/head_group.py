"""The query heads that share a kv head, against tiles of its keys and values.

A key or value is read once for four heads. The weights of a token lie as (positions, group), so
that the heads of a group stand side by side. Orders of additions, for one token and one head:
q . k as in `floats.dot`; the sum of the exponentials and each place of the result by position,
one after the other. No order depends on tiles, tokens or threads.
"""

from __future__ import annotations

import numpy as np

from bitsim.kernels import njit
from bitsim.reference.kernels.exponential import exp
from bitsim.reference.kernels.lanes import (
    WIDTH,
    fold,
    load_lanes,
    load_same,
    multiply_add,
    no_lanes,
    store_folds,
    store_lanes,
)
from bitsim.reference.kernels.vectors import prefetch

TOGETHER = 4  # heads that meet a key or a value as it is read
TILE = 32  # positions whose keys, or values, stay in L1 while several tokens meet them
KEYS_AHEAD = 16  # positions, prefetched before they are needed
VALUES_AHEAD = TILE  # the same of the next tile, while this one is read in columns of WIDTH


@njit(inline="always")
def padded(head_dim):
    """Floats that a head takes in scratch arrays: a multiple of 2 * WIDTH."""
    return (head_dim + 2 * WIDTH - 1) // (2 * WIDTH) * (2 * WIDTH)


@njit(inline="always")
def _half_of_four(query, at, keys, key_at, first, whole):
    """Of four heads, partial sums `first` ... `first` + WIDTH - 1 of the 2 * WIDTH of a product."""
    a = b = c = d = no_lanes()
    for j in range(first, whole, 2 * WIDTH):
        k = load_lanes(keys, key_at + j)
        a = multiply_add(a, load_lanes(query, at + j), k)
        b = multiply_add(b, load_lanes(query, at + whole + j), k)
        c = multiply_add(c, load_lanes(query, at + 2 * whole + j), k)
        d = multiply_add(d, load_lanes(query, at + 3 * whole + j), k)
    return a, b, c, d


@njit(inline="always")
def score(query, at, keys, key_at, shape, span, scale, weights, weight_at):
    """weights[position, head] = q . k * scale, of positions first ... end - 1.

    All arrays are flat float32, and what is meant begins at the place that is named beside them.

    query    (group, padded(head_dim)), 0 beyond head_dim
    keys     (positions, head_dim)
    shape    group, head_dim, padded(head_dim)
    span     first, end
    weights  (positions, group)
    """
    group, head_dim, wide = shape
    tail = np.zeros(wide if wide != head_dim else 0, np.float32)
    for position in range(span[0], span[1]):
        row, row_at = keys, key_at + position * head_dim
        for j in range(0, head_dim, WIDTH):
            prefetch(keys, row_at + KEYS_AHEAD * head_dim + j)
        if wide != head_dim:  # after the row lies the next one, or nothing
            for j in range(head_dim):
                tail[j] = keys[row_at + j]
            row, row_at = tail, 0
        to = weight_at + position * group
        head = 0
        while head + TOGETHER <= group:
            place = at + head * wide
            lows = _half_of_four(query, place, row, row_at, 0, wide)
            highs = _half_of_four(query, place, row, row_at, WIDTH, wide)
            store_folds(weights, to + head, lows, highs, scale)
            head += TOGETHER
        while head < group:
            low = high = no_lanes()
            for j in range(0, wide, 2 * WIDTH):
                place, key_place = at + head * wide + j, row_at + j
                low = multiply_add(low, load_lanes(query, place), load_lanes(row, key_place))
                place, key_place = place + WIDTH, key_place + WIDTH
                high = multiply_add(high, load_lanes(query, place), load_lanes(row, key_place))
            weights[to + head] = fold(low, high) * scale
            head += 1


@njit(inline="always")
def _totals(weights, at, end, group, totals):
    """Sums of each head's weights, from flat place `at` to `end`, into the first of `totals`."""
    head = 0
    while head + TOGETHER <= group:
        a = b = c = d = np.float32(0)
        for place in range(at + head, end, group):
            a += weights[place]
            b += weights[place + 1]
            c += weights[place + 2]
            d += weights[place + 3]
        totals[head], totals[head + 1], totals[head + 2], totals[head + 3] = a, b, c, d
        head += TOGETHER
    while head < group:
        total = np.float32(0)
        for place in range(at + head, end, group):
            total += weights[place]
        totals[head] = total
        head += 1


@njit(inline="always")
def soften(weights, at, count, group):
    """Softmax over the positions, head by head, in place; compiles with error_model="numpy".

    weights  flat float32, from `at` on (count, group)
    """
    # By WIDTH positions at a time, so that loops are long however few heads there are.
    step = WIDTH * group
    end = at + count * group
    pattern = np.empty(step, np.float32)
    for i in range(step):
        pattern[i] = -np.inf
    for place in range(at, end, step):
        some = weights[place : min(place + step, end)]
        for i in range(some.shape[0]):
            pattern[i] = max(pattern[i], some[i])
    for i in range(group, step):
        pattern[i % group] = max(pattern[i % group], pattern[i])
    for i in range(group, step):
        pattern[i] = pattern[i % group]
    for place in range(at, end, step):
        some = weights[place : min(place + step, end)]
        for i in range(some.shape[0]):
            some[i] = exp(some[i] - pattern[i])
    _totals(weights, at, end, group, pattern)
    for i in range(group, step):
        pattern[i] = pattern[i % group]
    for place in range(at, end, step):
        some = weights[place : min(place + step, end)]
        for i in range(some.shape[0]):
            some[i] /= pattern[i]


@njit(inline="always")
def _mix_four(weights, weight_at, shape, values, value_at, positions, out, at):
    group, head_dim = shape
    a = load_lanes(out, at)
    b = load_lanes(out, at + head_dim)
    c = load_lanes(out, at + 2 * head_dim)
    d = load_lanes(out, at + 3 * head_dim)
    for position in range(positions):
        v = load_lanes(values, value_at + position * head_dim)
        prefetch(values, value_at + (position + VALUES_AHEAD) * head_dim)
        w = weight_at + position * group
        a = multiply_add(a, load_same(weights, w), v)
        b = multiply_add(b, load_same(weights, w + 1), v)
        c = multiply_add(c, load_same(weights, w + 2), v)
        d = multiply_add(d, load_same(weights, w + 3), v)
    store_lanes(out, at, a)
    store_lanes(out, at + head_dim, b)
    store_lanes(out, at + 2 * head_dim, c)
    store_lanes(out, at + 3 * head_dim, d)


@njit(inline="always")
def mix(weights, weight_at, values, value_at, shape, positions, out, at, columns):
    """out[head, j] += weights[position, head] * values[position, j], places low ... high - 1.

    All arrays are flat float32, and what is meant begins at the place that is named beside them.

    weights  (positions, group)
    values   (positions, head_dim)
    shape    group, head_dim
    out      (group, head_dim)
    columns  low, high; low is a multiple of WIDTH
    """
    group, head_dim = shape
    j, high = columns
    while j < high:
        to, start = at + j, value_at + j
        if j + WIDTH <= high:
            head = 0
            while head + TOGETHER <= group:
                to_head = to + head * head_dim
                _mix_four(weights, weight_at + head, shape, values, start, positions, out, to_head)
                head += TOGETHER
            while head < group:
                a = load_lanes(out, to + head * head_dim)
                for position in range(positions):
                    v = load_lanes(values, start + position * head_dim)
                    w = weight_at + head + position * group
                    a = multiply_add(a, load_same(weights, w), v)
                store_lanes(out, to + head * head_dim, a)
                head += 1
        else:
            for head in range(group):
                for position in range(positions):
                    weight = weights[weight_at + position * group + head]
                    for i in range(high - j):
                        out[to + head * head_dim + i] += (
                            weight * values[start + position * head_dim + i]
                        )
        j += WIDTH
