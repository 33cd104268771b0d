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


@njit(cache=True)
def padded(head_dim):
    """Floats that a head takes in scratch arrays: a multiple of 2 * WIDTH."""
    return (head_dim + 2 * WIDTH - 1) // (2 * WIDTH) * (2 * WIDTH)


@njit(cache=True)
def _half(query, at, keys, key_at, first, whole):
    """Partial sums `first` ... `first` + WIDTH - 1 of the 2 * WIDTH of one dot product."""
    sums = no_lanes()
    for j in range(first, whole, 2 * WIDTH):
        sums = multiply_add(sums, load_lanes(query, at + j), load_lanes(keys, key_at + j))
    return sums


@njit(cache=True)
def _half_of_four(query, at, wide, keys, key_at, first, whole):
    a = b = c = d = no_lanes()
    for j in range(first, whole, 2 * WIDTH):
        k = load_lanes(keys, key_at + j)
        a = multiply_add(a, load_lanes(query, at + j), k)
        b = multiply_add(b, load_lanes(query, at + wide + j), k)
        c = multiply_add(c, load_lanes(query, at + 2 * wide + j), k)
        d = multiply_add(d, load_lanes(query, at + 3 * wide + j), k)
    return a, b, c, d


@njit(cache=True)
def score(query, at, group, keys, key_at, head_dim, first, end, scale, weights, weight_at):
    """weights[position, head] = q . k * scale, of positions first ... end - 1.

    All arrays are flat float32, and what is meant begins at the place that is named beside them.

    query    (group, padded(head_dim)), 0 beyond head_dim
    keys     (positions, head_dim)
    weights  (positions, group)
    """
    wide = padded(head_dim)
    tail = np.zeros(wide if wide != head_dim else 0, np.float32)
    for position in range(first, end):
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
            lows = _half_of_four(query, place, wide, row, row_at, 0, wide)
            highs = _half_of_four(query, place, wide, row, row_at, WIDTH, wide)
            store_folds(weights, to + head, lows, highs, scale)
            head += TOGETHER
        while head < group:
            place = at + head * wide
            low = _half(query, place, row, row_at, 0, wide)
            high = _half(query, place, row, row_at, WIDTH, wide)
            weights[to + head] = fold(low, high) * scale
            head += 1


@njit(cache=True)
def _totals_of_four(weights, at, count, group):
    a = b = c = d = np.float32(0)
    for place in range(at, at + count * group, group):
        a += weights[place]
        b += weights[place + 1]
        c += weights[place + 2]
        d += weights[place + 3]
    return a, b, c, d


@njit(cache=True)
def _total(weights, at, count, group):
    total = np.float32(0)
    for place in range(at, at + count * group, group):
        total += weights[place]
    return total


@njit(cache=True)
def _totals(weights, at, count, group, totals):
    head = 0
    while head + TOGETHER <= group:
        four = _totals_of_four(weights, at + head, count, group)
        totals[head], totals[head + 1], totals[head + 2], totals[head + 3] = four
        head += TOGETHER
    while head < group:
        totals[head] = _total(weights, at + head, count, group)
        head += 1


@njit(cache=True)
def _raise(weights, largest):
    for i in range(weights.shape[0]):
        largest[i] = max(largest[i], weights[i])


@njit(cache=True)
def _exp(weights, largest):
    for i in range(weights.shape[0]):
        weights[i] = exp(weights[i] - largest[i])


@njit(cache=True, error_model="numpy")
def _divide(weights, totals):
    for i in range(weights.shape[0]):
        weights[i] /= totals[i]


@njit(cache=True)
def soften(weights, at, count, group):
    """Softmax over the positions, head by head, in place.

    weights  flat float32, from `at` on (count, group)
    """
    # By WIDTH positions at a time, so that loops are long however few heads there are.
    step = WIDTH * group
    end = at + count * group
    whole = end - count % WIDTH * group
    pattern = np.full(step, -np.inf, np.float32)
    for place in range(at, whole, step):
        _raise(weights[place : place + step], pattern)
    _raise(weights[whole:end], pattern)
    for i in range(group, step):
        pattern[i % group] = max(pattern[i % group], pattern[i])
    for i in range(group, step):
        pattern[i] = pattern[i % group]
    for place in range(at, whole, step):
        _exp(weights[place : place + step], pattern)
    _exp(weights[whole:end], pattern)
    _totals(weights, at, count, group, pattern)
    for i in range(group, step):
        pattern[i] = pattern[i % group]
    for place in range(at, whole, step):
        _divide(weights[place : place + step], pattern)
    _divide(weights[whole:end], pattern)


@njit(cache=True)
def _mix_four(weights, weight_at, group, values, value_at, head_dim, positions, out, at, wide):
    a = load_lanes(out, at)
    b = load_lanes(out, at + wide)
    c = load_lanes(out, at + 2 * wide)
    d = load_lanes(out, at + 3 * wide)
    for position in range(positions):
        v = load_lanes(values, value_at + position * head_dim)
        prefetch(values, value_at + (position + VALUES_AHEAD) * head_dim)
        w = weight_at + position * group
        a = multiply_add(a, load_same(weights, w), v)
        b = multiply_add(b, load_same(weights, w + 1), v)
        c = multiply_add(c, load_same(weights, w + 2), v)
        d = multiply_add(d, load_same(weights, w + 3), v)
    store_lanes(out, at, a)
    store_lanes(out, at + wide, b)
    store_lanes(out, at + 2 * wide, c)
    store_lanes(out, at + 3 * wide, d)


@njit(cache=True)
def _mix_one(weights, weight_at, group, values, value_at, head_dim, positions, out, at):
    a = load_lanes(out, at)
    for position in range(positions):
        v = load_lanes(values, value_at + position * head_dim)
        a = multiply_add(a, load_same(weights, weight_at + position * group), v)
    store_lanes(out, at, a)


@njit(cache=True)
def mix(weights, weight_at, group, values, value_at, head_dim, positions, out, at, low, high):
    """out[head, j] += weights[position, head] * values[position, j], places low ... high - 1.

    All arrays are flat float32, and what is meant begins at the place that is named beside them.

    weights    (positions, group)
    values     (positions, head_dim)
    out        (group, head_dim)
    low, high  low is a multiple of WIDTH
    """
    j = low
    while j < high:
        to, start = at + j, value_at + j
        if j + WIDTH <= high:
            head = 0
            while head + TOGETHER <= group:
                _mix_four(
                    weights,
                    weight_at + head,
                    group,
                    values,
                    start,
                    head_dim,
                    positions,
                    out,
                    to + head * head_dim,
                    head_dim,
                )
                head += TOGETHER
            while head < group:
                _mix_one(
                    weights,
                    weight_at + head,
                    group,
                    values,
                    start,
                    head_dim,
                    positions,
                    out,
                    to + head * head_dim,
                )
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
