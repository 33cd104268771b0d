"""The integer heart of the reference against numpy's wide integers."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bitsim.reference.kernels import packing, threads
from bitsim.reference.kernels.product.product import multiply
from bitsim.spec import encoding
from bitsim.spec.ternary import TernaryMatrix


def matrix(weights, name="w"):
    packed = encoding.pack(weights, "2bit")
    packed.flags.writeable = False
    return TernaryMatrix(name=name, n=weights.shape[0], k=weights.shape[1], packed=packed, scale=1)


def expected(weights, activations):
    return activations.astype(np.int64) @ weights.astype(np.int64).T


@given(
    n=st.integers(1, 70),
    k=st.integers(1, 600),
    m=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
@example(n=64, k=256, m=1, seed=0)  # whole steps, a whole block of rows
@example(n=65, k=259, m=3, seed=0)  # one more of each
@example(n=1, k=1, m=1, seed=0)
@settings(max_examples=60)
def test_product_is_exact_for_any_shape(n, k, m, seed):
    random = np.random.default_rng(seed)
    weights = random.integers(-1, 2, (n, k), dtype=np.int8)
    activations = random.integers(-128, 128, (m, k), dtype=np.int8)
    assert np.array_equal(multiply((matrix(weights),), activations), expected(weights, activations))


@pytest.mark.parametrize("k", [8192, 8193, 6912, 16384 + 256])
@pytest.mark.parametrize("activation", [-128, 127])
@pytest.mark.parametrize("weight", [-1, 0, 1])
def test_partial_sums_do_not_overflow_at_their_largest(k, activation, weight):
    # 8192 is 64 lanes x 4 places x 32 steps: the longest that one int16 lane adds up.
    weights = np.full((3, k), weight, np.int8)
    activations = np.full((1, k), activation, np.int8)
    assert multiply((matrix(weights),), activations).tolist() == [[k * activation * weight] * 3]


def test_matrices_of_one_event_are_stacked_in_order():
    random = np.random.default_rng(1)
    parts = [random.integers(-1, 2, (n, 40), dtype=np.int8) for n in (5, 2, 130)]
    activations = random.integers(-128, 128, (4, 40), dtype=np.int8)
    assert np.array_equal(
        multiply(tuple(map(matrix, parts)), activations),
        expected(np.concatenate(parts), activations),
    )


@pytest.mark.parametrize(("quarter", "k"), [(1, 1), (3, 5), (16, 64), (7, 258), (2, 3)])
@pytest.mark.parametrize("parallel_from", [0, 1 << 22])
def test_rows_of_a_packed_file_come_out_where_transformers_put_them(
    quarter, k, parallel_from, monkeypatch
):
    monkeypatch.setattr(threads, "PARALLEL_FROM", parallel_from)
    random = np.random.default_rng(quarter)
    weights = random.integers(-1, 2, (4 * quarter, k), dtype=np.int8)
    digits = (weights + 1).astype(np.uint8).reshape(4, quarter, k)
    stored = digits[0] | digits[1] << 2 | digits[2] << 4 | digits[3] << 6
    stored.flags.writeable = False
    packed, reserved = packing.from_hugging_face(stored)
    assert reserved == 0
    assert np.array_equal(packed, encoding.pack(weights, "2bit"))


@pytest.mark.parametrize("parallel_from", [0, 1 << 22])
def test_each_reserved_code_is_counted_wherever_it_stands(parallel_from, monkeypatch):
    monkeypatch.setattr(threads, "PARALLEL_FROM", parallel_from)
    stored = np.array([[0b01010111, 0b01011101], [0b01110101, 0b11111111]], np.uint8)
    stored.flags.writeable = False
    assert packing.from_hugging_face(stored)[1] == 1 + 1 + 1 + 4
