"""int8 codes of sums: the cycle model, docs/top.md's thresholds and the quantiser are the same."""

from __future__ import annotations

import numpy as np
import pytest

from bitsim.link.values import codes_of
from bitsim.reference.kernels.quantizer import quantize
from tests.link.plain_stage import code, thresholds

MOST = 1 << 24  # magnitude of a sum of the widest accumulators that codes admit
LARGEST = [1, 2, 3, 126, 127, 128, 254, 255, 256, 508, 12345, 1 << 20, MOST - 1, MOST]
RANDOM = np.random.default_rng(3).integers(1, MOST, 20).tolist()


@pytest.mark.parametrize("largest", [*LARGEST, *RANDOM])
def test_codes_at_every_threshold_are_those_of_the_quantiser(largest: int) -> None:
    table = thresholds(largest)
    around = {least + by for least in table for by in (-1, 0, 1)} | {0, largest}
    magnitudes = np.array(sorted(x for x in around if 0 <= x <= largest), np.int32)
    sums = np.concatenate([magnitudes, -magnitudes])[None]
    codes, magnitude = codes_of(sums)
    assert magnitude.tolist() == [largest]
    expected, _, finite = quantize(sums.astype(np.float32))
    assert finite
    assert codes.tolist() == expected.astype(np.int32).tolist()
    assert codes[0].tolist() == [code(int(x), table) for x in sums[0]]


def test_a_vector_of_zeros_has_codes_of_0_and_a_largest_of_0() -> None:
    codes, largest = codes_of(np.zeros((2, 5), np.int32))
    assert (codes.any(), largest.any()) == (False, False)


def test_halves_go_to_the_even_code() -> None:
    """127 x / largest is 0.5, 1.5, 126.5 with a largest of 254."""
    codes, _ = codes_of(np.array([[254, 1, 3, 253, -1, -3, -253]], np.int32))
    assert codes.tolist() == [[127, 0, 2, 126, 0, -2, -126]]
