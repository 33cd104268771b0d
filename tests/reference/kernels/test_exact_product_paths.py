"""Every path of the ternary product gives the integers of numpy, by however many threads."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bitsim.reference.kernels import threads, vectors
from bitsim.reference.kernels.product import avx2 as product_avx2
from bitsim.reference.kernels.product import portable as product_portable
from bitsim.reference.kernels.product import product
from bitsim.spec import encoding
from bitsim.spec.ternary import TernaryMatrix

needs_avx2 = pytest.mark.skipif(not vectors.AVX2, reason="numba compiles for no AVX2 here")
PATHS = [product_portable, pytest.param(product_avx2, marks=needs_avx2)]


def matrix(weights):
    packed = encoding.pack(weights, "2bit")
    packed.flags.writeable = False
    return TernaryMatrix(name="w", n=weights.shape[0], k=weights.shape[1], packed=packed, scale=1)


def drawn(n, k, m, seed):
    random = np.random.default_rng(seed)
    weights = random.integers(-1, 2, (n, k), dtype=np.int8)
    return weights, random.integers(-128, 128, (m, k), dtype=np.int8)


def numpy_product(weights, activations):
    return activations.astype(np.int32) @ weights.astype(np.int32).T


def test_the_path_in_use_is_avx2_where_numba_compiles_for_it():
    assert product.PATH is (product_avx2 if vectors.AVX2 else product_portable)


@pytest.mark.parametrize("path", PATHS)
@given(
    n=st.integers(1, 9), k=st.integers(1, 700), m=st.integers(1, 9), seed=st.integers(0, 2**32 - 1)
)
@example(n=2, k=128, m=4, seed=0)  # one vector, one tile of rows and tokens
@example(n=3, k=129, m=5, seed=0)  # one more of each
@example(n=1, k=127, m=3, seed=0)  # one less
@settings(max_examples=100)
def test_a_path_gives_the_integers_of_numpy_for_any_shape(path, n, k, m, seed):
    weights, activations = drawn(n, k, m, seed)
    ours = product.multiply((matrix(weights),), activations, path)
    assert np.array_equal(ours, numpy_product(weights, activations))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("m", range(1, 10))
def test_a_path_handles_every_length_of_the_rest(path, m):
    for k in range(2048 - 4, 2048 + 132):  # every tail, about one whole int16 sum of a tile
        weights, activations = drawn(3, k, m, k)
        ours = product.multiply((matrix(weights),), activations, path)
        assert np.array_equal(ours, numpy_product(weights, activations)), k


# AVX2's int16 sums hold 2,048 weights of a row in a tile of tokens, 4,096 for a token alone; the
# portable ones 8,192.
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("k", [2048, 2560, 4096, 6912, 6912 + 3, 8192, 16384, 16384 + 128])
@pytest.mark.parametrize("activation", [-128, -127, 127])
@pytest.mark.parametrize("weight", [-1, 1])
def test_the_largest_sums_are_exact(path, k, activation, weight):
    weights = np.full((3, k), weight, np.int8)
    activations = np.full((5, k), activation, np.int8)  # four in a tile and one alone
    ours = product.multiply((matrix(weights),), activations, path)
    assert np.array_equal(ours, np.full((5, 3), k * activation * weight))


@pytest.mark.parametrize("path", PATHS)
def test_the_largest_sums_are_exact_when_signs_follow_the_activations(path):
    activations = np.where(np.arange(6912) % 2, -128, 127).astype(np.int8)
    weights = np.sign(activations).astype(np.int8)
    ours = product.multiply((matrix(np.stack([weights, -weights])),), activations[None], path)
    assert ours.tolist() == [[3456 * 255, -3456 * 255]]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("m", [1, 6])
def test_two_threads_give_the_integers_of_one(path, m, monkeypatch):
    weights, activations = drawn(259, 1027, m, 5)
    monkeypatch.setattr(threads, "PARALLEL_FROM", 1 << 60)
    alone = product.multiply((matrix(weights),), activations, path)
    monkeypatch.setattr(threads, "PARALLEL_FROM", 0)
    before = numba.get_num_threads()
    try:
        for count in range(1, min(2, before) + 1):
            numba.set_num_threads(count)
            shared = product.multiply((matrix(weights),), activations, path)
            assert np.array_equal(shared, alone)
    finally:
        numba.set_num_threads(before)
    assert np.array_equal(alone, numpy_product(weights, activations))


@pytest.mark.parametrize("path", PATHS)
def test_a_view_with_gaps_is_multiplied_as_its_copy(path):
    weights, activations = drawn(8, 300, 5, 6)
    gaps = TernaryMatrix("w", 4, 300, encoding.pack(weights, "2bit")[::2], 1)
    ours = product.multiply((gaps,), activations, path)
    assert np.array_equal(ours, numpy_product(weights[::2], activations))


def test_a_processor_without_avx2_gets_the_portable_path_from_the_same_cache(tmp_path):
    program = """
import numpy as np
from bitsim.reference.kernels.product import product
from bitsim.spec.ternary import TernaryMatrix
codes = np.full((1, 40), 0b10_10_10_10, np.uint8)
ones = np.ones((1, 160), np.int8)
print(product.PATH.__name__, product.multiply((TernaryMatrix("w", 1, 160, codes, 1),), ones))
"""
    here = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    lesser = {**here, "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    said = [
        subprocess.run(
            [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True
        ).stdout
        for env in (here, lesser)
    ]
    assert said == [
        f"{product.PATH.__name__} [[160]]\n",
        f"{product_portable.__name__} [[160]]\n",
    ]
