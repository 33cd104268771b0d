"""A ternary matrix and its digest."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from bitsim.spec import encoding
from bitsim.spec.ternary import TernaryMatrix


def matrix(weights: list[list[int]], name: str = "m", scale: float = 1.0) -> TernaryMatrix:
    values = np.array(weights, np.int8)
    n, k = values.shape
    return TernaryMatrix(name, n, k, encoding.pack(values, "2bit"), scale)


def test_unpack_gives_the_weights_back_without_the_padding():
    rows = [[1, 0, -1, -1, 1], [0, 0, 0, 1, -1]]
    assert matrix(rows).unpack().tolist() == rows


def test_the_digest_is_sha256_over_shape_and_codes():
    packed = bytes([0b00_00_01_10, 0b01_01_01_10])  # 1 0 -1 -1 | 1 and padding
    expected = hashlib.sha256(b"ternary 1 5\n" + packed).hexdigest()
    assert matrix([[1, 0, -1, -1, 1]]).digest == expected


def test_name_and_scale_are_not_part_of_the_digest_and_shape_is():
    digest = matrix([[1, 0, -1, 0]]).digest
    assert matrix([[1, 0, -1, 0]], name="other", scale=2.0).digest == digest
    assert matrix([[1, 0, -1]]).digest != digest  # the same byte, one column fewer
    assert matrix([[1], [0], [-1], [0]]).digest != digest
    assert matrix([[1, 0, -1, 1]]).digest != digest


def test_a_strided_view_has_the_digest_of_its_copy():
    rows = [[1, 0, -1, 0, 1], [0, 0, 0, 0, 0], [-1, 1, 1, 0, 1]]
    whole = matrix(rows)
    view = TernaryMatrix("v", 2, 5, whole.packed[::2], 1.0)
    assert view.digest == matrix([rows[0], rows[2]]).digest


def test_codes_of_another_shape_or_type_are_never_held():
    with pytest.raises(AssertionError):
        TernaryMatrix("m", 2, 5, np.zeros((2, 1), np.uint8), 1.0)
    with pytest.raises(AssertionError):
        TernaryMatrix("m", 2, 5, np.zeros((2, 2), np.int8), 1.0)
