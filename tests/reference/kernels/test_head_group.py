"""Attention of a group of heads: the bits of plain loops, in the order that is written down."""

import numpy as np
import pytest

from bitsim.reference.kernels import head_group
from bitsim.reference.kernels.exponential import exp
from bitsim.reference.kernels.floats import LANES, dot

SIZES = [  # group, head_dim, positions
    (1, 2, 1),
    (3, 20, 37),
    (4, 128, 70),
    (5, 100, 33),
    (6, 48, 16),
    (8, 32, 17),
    (9, 64, 300),
]


def drawn(group, head_dim, positions):
    random = np.random.default_rng(group * 1000 + head_dim)
    return (
        random.standard_normal((group, head_dim)).astype(np.float32),
        random.standard_normal((positions + 3, head_dim)).astype(np.float32),
        random.standard_normal((positions, group)).astype(np.float32) * 9,
    )


@pytest.mark.parametrize(("group", "head_dim", "positions"), SIZES)
def test_scores_are_the_dot_products_of_floats(group, head_dim, positions):
    heads, keys, _ = drawn(group, head_dim, positions)
    wide = head_group.padded(head_dim)
    query = np.zeros((group, wide), np.float32)
    query[:, :head_dim] = heads
    scale = np.float32(0.3)
    got = np.full((positions, group), np.nan, np.float32)
    first = positions // 3
    for begin, end in ((0, first), (first, positions)):
        head_group.score(
            *(query.reshape(-1), 0, keys.reshape(-1), 2 * head_dim, (group, head_dim, wide)),
            *((begin, end), scale, got.reshape(-1), 0),
        )
    lanes = np.empty(LANES, np.float32)
    expected = [[dot(q, k, lanes) * scale for q in heads] for k in keys[2 : 2 + positions]]
    assert got.tobytes() == np.array(expected, np.float32).tobytes()


@pytest.mark.parametrize(("group", "head_dim", "positions"), SIZES)
def test_softmax_adds_up_by_position(group, head_dim, positions):
    weights = drawn(group, head_dim, positions)[2]
    expected = weights.copy()
    for head in range(group):
        column = expected[:, head]
        largest, total = column.max(), np.float32(0)
        for place in range(positions):
            column[place] = exp(column[place] - largest)
            total += column[place]
        column /= total
    room = np.concatenate([[7], weights.reshape(-1), [8]]).astype(np.float32)
    head_group.soften(room, 1, positions, group)
    assert room[1:-1].tobytes() == expected.tobytes()
    assert room[[0, -1]].tolist() == [7, 8]


@pytest.mark.parametrize(("group", "head_dim", "positions"), SIZES)
def test_values_are_mixed_by_position(group, head_dim, positions):
    out, values, weights = drawn(group, head_dim, positions)
    expected = out.copy()
    for position in range(positions):
        for head in range(group):
            expected[head] += weights[position, head] * values[position + 1]
    half = head_dim // 2 // 16 * 16
    for low, high in ((half, head_dim), (0, half)):
        for begin, end in ((0, positions // 2), (positions // 2, positions)):
            head_group.mix(
                *(weights.reshape(-1), begin * group),
                *(values.reshape(-1), (1 + begin) * head_dim, (group, head_dim), end - begin),
                *(out.reshape(-1), 0, (low, high)),
            )
    assert out.tobytes() == expected.tobytes()


def test_exp_is_within_its_bound_of_the_true_value():
    x = -np.concatenate([np.linspace(0, 104, 4001), 2.0 ** np.arange(-30, 7)]).astype(np.float32)
    got = np.array([exp(each) for each in x], np.float32)
    true = np.exp(x.astype(np.longdouble))
    step = np.maximum(np.spacing(true.astype(np.float32)), np.float32(2.0**-149))
    assert (np.abs(got - true) <= 0.503 * step).all()


def test_exp_at_its_ends():
    assert exp(np.float32(0)) == exp(np.float32(-0.0)) == 1
    assert exp(np.float32(-np.inf)) == 0
    assert exp(np.float32(-3.4e38)) == 0
    assert exp(np.float32(-103.97)) == np.float32(2.0**-149)
    assert exp(np.float32(-103.98)) == 0
    assert np.isnan(exp(np.float32(np.nan)))
