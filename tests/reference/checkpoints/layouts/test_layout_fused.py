"""Fused matrices: rows of q and k in RoPE's pairs, and everything back in its place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitsim.reference.checkpoints.layouts import fused


@pytest.mark.parametrize(("rows", "heads"), [(2560, 20), (640, 5), (8, 1), (12, 2), (2, 1)])
def test_rows_half_a_head_apart_become_neighbours(rows, heads):
    packed = np.arange(rows, dtype=np.uint32).view(np.uint8).reshape(rows, 4)
    moved = fused.interleave(packed, heads)
    numbers = moved.copy().view(np.uint32)[:, 0]
    half = rows // heads // 2
    for head in range(heads):
        first = head * 2 * half
        for pair in range(half):  # Hugging Face rotates rows j and j + half, the GPU 2j and 2j + 1
            assert numbers[first + 2 * pair] == first + pair
            assert numbers[first + 2 * pair + 1] == first + pair + half
    assert np.array_equal(fused.separate(moved, heads), packed)


def test_rotating_neighbours_is_rotating_halves():
    rng = np.random.default_rng(3)
    heads, half, k = 3, 4, 12
    weights = rng.integers(-1, 2, (heads * 2 * half, k)).astype(np.int8)
    x, angle = rng.standard_normal(k), rng.standard_normal(half)
    y = (weights @ x).reshape(heads, 2, half)
    halves = (y[:, 0] + 1j * y[:, 1]) * np.exp(1j * angle)
    z = (fused.interleave(weights.view(np.uint8), heads).view(np.int8) @ x).reshape(heads, half, 2)
    neighbours = (z[:, :, 0] + 1j * z[:, :, 1]) * np.exp(1j * angle)
    assert np.allclose(halves, neighbours)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), min_size=1, max_size=4),
    st.integers(1, 5),
)
def test_split_gives_back_what_was_fused(parts, width):
    rng = np.random.default_rng(len(parts))
    heads = [count for _, count in parts]
    rows = [size * 2 * max(count, 1) for size, count in parts]
    matrices = [rng.integers(0, 256, (count, width)).astype(np.uint8) for count in rows]
    whole = fused.fuse(matrices, heads)
    assert whole.shape == (sum(rows), width)
    for back, matrix in zip(fused.split(whole, rows, heads), matrices, strict=True):
        assert np.array_equal(back, matrix)
        assert not np.shares_memory(back, whole)
