"""The fast packer makes the bytes that bitsim.spec.encoding says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitsim.array.dot.model import DotArray
from bitsim.spec import encoding
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.ternary import TernaryMatrix


def machine(columns, lanes, packing):
    """Only these three shape an image."""
    return DotSpec(
        dataflow="dot",
        columns=columns,
        lanes=lanes,
        slices=1,
        hold=1,
        weight_packing=packing,
        tree_stages=0,
        accumulator_bits=20,
        max_k=4000,
        weight_fifo_beats=2,
        activation_buffer_beats=4000,
        result_fifo_beats=2,
        skip="gate",
    )


def matrix(weights):
    """As a checkpoint is read."""
    n, k = weights.shape
    return TernaryMatrix(name="test", n=n, k=k, packed=encoding.pack(weights, "2bit"), scale=1.0)


@given(
    columns=st.integers(1, 9),
    lanes=st.integers(1, 70),
    packing=st.sampled_from(encoding.PACKINGS),
    rows=st.lists(st.integers(1, 12), min_size=1, max_size=3),
    k=st.integers(1, 150),
    seed=st.integers(0, 99),
)
@settings(max_examples=200)
def test_the_image_of_stacked_rows_is_that_of_the_encoding(columns, lanes, packing, rows, k, seed):
    rng = np.random.default_rng(seed)
    parts = [rng.integers(-1, 2, (n, k)).astype(np.int8) for n in rows]
    image = DotArray(machine(columns, lanes, packing), values=True).image(
        [matrix(part) for part in parts]
    )
    expected = encoding.weight_image(np.concatenate(parts), columns, lanes, packing)
    assert image.dtype == np.uint8
    assert image.shape == expected.shape
    assert np.array_equal(image, expected)


@pytest.mark.parametrize("packing", encoding.PACKINGS)
def test_rows_of_a_file_that_cannot_be_written_to_are_packed_alike(packing, tmp_path):
    weights = np.random.default_rng(3).integers(-1, 2, (20, 64)).astype(np.int8)
    plain = matrix(weights)
    plain.packed.tofile(tmp_path / "rows")
    mapped = np.memmap(tmp_path / "rows", np.uint8, "r", shape=plain.packed.shape)
    array = DotArray(machine(4, 10, packing), values=True)
    of_file = TernaryMatrix(name="test", n=20, k=64, packed=mapped, scale=1.0)
    assert np.array_equal(array.image([of_file]), array.image([plain]))


@pytest.mark.parametrize("packing", encoding.PACKINGS)
@pytest.mark.parametrize("place", [0, 3, 9])
def test_a_reserved_code_is_a_broken_promise(packing, place):
    rows = matrix(np.ones((2, 10), np.int8))
    rows.packed[1, place // 4] |= np.uint8(3 << 2 * (place % 4))
    with pytest.raises(AssertionError, match="reserved"):
        DotArray(machine(2, 5, packing), values=True).image([rows])


def test_matrices_of_different_k_are_a_broken_promise():
    parts = [matrix(np.ones((2, 8), np.int8)), matrix(np.ones((2, 9), np.int8))]
    with pytest.raises(AssertionError, match=r"\[8, 9\]"):
        DotArray(machine(2, 5, "2bit"), values=True).image(parts)
