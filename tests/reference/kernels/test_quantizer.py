"""Codes of activations and weights at their edges."""

import numpy as np
import pytest

from bitsim.reference.kernels import quantizer
from bitsim.reference.kernels.random_bits import to_bf16
from bitsim.spec import encoding


def codes_of(*values):
    codes, scales, finite = quantizer.quantize(np.array([values], np.float32))
    assert finite
    return codes[0].tolist(), float(scales[0])


def test_halves_go_to_even():
    values = (127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5)
    assert codes_of(*values) == ([127, 0, 2, 2, 0, -2, -2, 126], 1.0)


def test_largest_activation_becomes_127_of_either_sign():
    assert codes_of(-3.0, 1.0)[0] == [-127, 42]
    assert codes_of(3.0, -1.0)[0] == [127, -42]


def test_tiny_and_zero_inputs_use_the_floor_of_the_scale():
    floor = float(np.float32(127) / np.float32(1e-5))
    assert codes_of(0.0, -0.0) == ([0, 0], floor)
    assert codes_of(1e-34, -1e-34) == ([0, 0], floor)
    assert codes_of(1e-45, 5e-6) == ([0, 64], floor)  # a denormal, and 63.5 to even


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 1, 39])
def test_inputs_that_are_not_finite_are_told(bad, place):
    x = np.ones((2, 40), np.float32)
    x[1, place] = bad
    assert not quantizer.quantize(x)[2]


def test_each_token_has_its_own_scale():
    scales = quantizer.quantize(np.array([[1, 2], [4, 1]], np.float32))[1]
    assert scales.tolist() == [63.5, 31.75]


def ternarize(values):
    weights = to_bf16(np.array(values, np.float64))
    weights.flags.writeable = False
    packed, scale = quantizer.ternarize(weights)
    return encoding.unpack(packed, weights.shape[1], "2bit").tolist(), scale


def test_master_weights_are_divided_by_their_mean_size_and_rounded():
    # mean|w| = 1; 0.5 is a tie and goes to even, 1.5 is one too and is cut to 1
    assert ternarize([[0.5, -0.5, 1.5, -1.5], [0.75, -0.25, 2.0, -1.0]]) == (
        [[0, 0, 1, -1], [1, 0, 1, -1]],
        1.0,
    )


def test_dead_master_weights_are_zero_and_scale_has_its_floor():
    codes, scale = ternarize([[1e-34, -1e-34, 0.0]])
    assert codes == [[0, 0, 0]]
    assert scale == pytest.approx(1e-5, rel=1e-6)
