"""int8 rows as ternary rows: every code comes back, and so does every sum."""

from __future__ import annotations

import numpy as np
import pytest

from bitsim.errors import BitsimError
from bitsim.spec import base, catalog, digits
from bitsim.spec.accelerator import AcceleratorSpec


def test_six_digits_hold_int8_and_five_hold_121():
    assert [digits.largest_code(count) for count in range(1, 7)] == [1, 4, 13, 40, 121, 364]
    assert [digits.digits_for(largest) for largest in (0, 1, 2, 121, 122, 127, 128)] == [
        1, 1, 2, 5, 6, 6, 6,
    ]  # fmt: skip
    assert digits.INT8_DIGITS == 6


@pytest.mark.parametrize("count", range(1, 7))
@pytest.mark.parametrize(("n", "columns"), [(1, 4), (7, 3), (300, 4)])
def test_sums_of_digits_added_up_are_those_of_the_codes(count, n, columns):
    """300 rows of 4 columns are more than one chunk."""
    most = min(digits.largest_code(count), 128)
    rng = np.random.default_rng(count)
    codes = rng.integers(-most, min(most, 127) + 1, (n, 11)).astype(np.int8)
    codes[0, :2] = -most, min(most, 127)
    activations = rng.integers(-128, 128, (2, 11)).astype(np.int32)
    matrix = digits.digit_matrix("head", codes, count, columns)
    tiles = -(-n // columns)
    assert (matrix.n, matrix.k) == (tiles * count * columns, 11)
    sums = (activations @ matrix.unpack().astype(np.int32).T).astype(np.int32)
    added = digits.joined(sums, count, columns)
    assert np.array_equal(added[:, :n], activations @ codes.astype(np.int32).T)
    assert not added[:, n:].any()


def test_the_highest_digit_is_the_first_row_tile():
    matrix = digits.digit_matrix("head", np.array([[122, -121, 5]], np.int8), 6, 1)
    assert matrix.unpack().tolist() == [
        [1, 0, 0], [-1, -1, 0], [-1, -1, 0], [-1, -1, 1], [-1, -1, -1], [-1, -1, -1],
    ]  # fmt: skip


def test_zeros_of_all_codes_are_counted():
    assert digits.zero_fraction(1) == pytest.approx(1 / 3)
    zeros = 0
    for code in range(-127, 128):
        matrix = digits.digit_matrix("head", np.array([[code]], np.int8), 6, 1)
        zeros += matrix.zero_weights
    assert digits.zero_fraction(6) == pytest.approx(zeros / (6 * 255))


def accelerator(**work: str) -> AcceleratorSpec:
    table = catalog.load_accelerator("dot_16x40").model_dump()
    table["work"] |= work
    return base.check(AcceleratorSpec, table, "test.toml")


def test_the_array_does_the_head_alone():
    machine = accelerator(head="array")
    assert machine.head_in_array
    assert machine.unit_of("head") == machine.work["quantize"]
    assert not accelerator().head_in_array
    with pytest.raises(BitsimError, match=r"work.norm = 'array': the array does the head alone"):
        accelerator(norm="array")


def test_no_unit_is_called_array():
    table = catalog.load_accelerator("dot_16x40").model_dump()
    table["units"]["array"] = table["units"]["vector"]
    with pytest.raises(BitsimError, match=r"units.array: the name means the array itself"):
        base.check(AcceleratorSpec, table, "test.toml")
