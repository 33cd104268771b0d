"""Numbers as people read them."""

import pytest

from bitsim.report.numbers import percent, ratio, si, significant


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 J"),
        (1.0, "1.00 J"),
        (0.0123, "12.3 mJ"),
        (999.4, "999 J"),
        (999.96, "1.00 kJ"),
        (9.996e-7, "1.00 µJ"),
        (2.5e-16, "0.250 fJ"),
        (4.2e16, "42,000 TJ"),
        (-3.1e-9, "-3.10 nJ"),
    ],
)
def test_si_takes_the_prefix_that_leaves_one_to_three_digits(value, text):
    assert si(value, "J") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1234.5, "1,234"), (12.345, "12.3"), (9.996, "10.0"), (0.00996, "0.00996"),
     (0.9999, "1.00"), (99.96, "100"), (1e-15, "1.00e-15")],
)  # fmt: skip
def test_three_digits_are_shown_and_whole_parts_in_full(value, text):
    assert significant(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0.0 %"), (0.0001, "<0.1 %"), (0.0005, "0.1 %"), (0.5, "50.0 %"), (0.99949, "99.9 %"),
     (0.9999, ">99.9 %"), (1.0, "100.0 %"), (1.044, "104.4 %")],
)  # fmt: skip
def test_a_share_is_nothing_or_everything_only_if_it_is(share, text):
    assert percent(share) == text


def test_a_share_of_nothing_is_nothing():
    assert ratio(0, 0) == 0.0
