"""The encoding of a weight, against bytes worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitsim.spec import encoding
from bitsim.spec.encoding import PACKINGS, WEIGHTS_PER_BYTE

TERNARY = st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=41)


def weights(*values: int) -> np.ndarray:
    return np.array(values, np.int8)


# 2bit: digit w + 1, first weight lowest. base3: first weight times 1, then 3, 9, 27, 81.
@pytest.mark.parametrize(
    ("packing", "values", "expected"),
    [
        ("2bit", (-1, -1, -1, -1), [0x00]),
        ("2bit", (0, 0, 0, 0), [0x55]),
        ("2bit", (1, 1, 1, 1), [0xAA]),
        ("2bit", (1, 0, -1, 0), [0b01_00_01_10]),
        ("2bit", (-1,), [0b01_01_01_00]),  # what no weight fills is weight 0
        ("2bit", (1, 1, 1, 1, -1), [0xAA, 0b01_01_01_00]),
        ("base3", (-1, -1, -1, -1, -1), [0]),
        ("base3", (0, 0, 0, 0, 0), [1 + 3 + 9 + 27 + 81]),
        ("base3", (1, 1, 1, 1, 1), [242]),
        ("base3", (1, 0, -1, 0, 1), [2 + 3 + 0 + 27 + 162]),
        ("base3", (-1,), [0 + 3 + 9 + 27 + 81]),
        ("base3", (1, 1, 1, 1, 1, -1), [242, 120]),
    ],
)
def test_pack_writes_the_bytes_worked_out_by_hand(packing, values, expected):
    packed = encoding.pack(weights(*values), packing)
    assert packed.dtype == np.uint8
    assert packed.tolist() == expected
    assert encoding.unpack(packed, len(values), packing).tolist() == list(values)


@pytest.mark.parametrize("packing", PACKINGS)
@given(rows=st.integers(1, 3), values=TERNARY)
@settings(max_examples=60)
def test_unpack_undoes_pack(packing, rows, values):
    matrix = np.array([np.roll(values, row) for row in range(rows)], np.int8)
    packed = encoding.pack(matrix, packing)
    per_byte = WEIGHTS_PER_BYTE[packing]
    assert packed.shape == (rows, (len(values) + per_byte - 1) // per_byte)
    assert np.array_equal(encoding.unpack(packed, len(values), packing), matrix)


@pytest.mark.parametrize("packing", PACKINGS)
def test_packing_every_byte_of_the_table_again_gives_that_byte(packing):
    table = encoding.byte_table(packing)
    valid = np.flatnonzero(table.max(axis=1) <= 1)
    assert len(valid) == {"2bit": 81, "base3": 243}[packing]
    assert encoding.pack(table[valid], packing)[:, 0].tolist() == valid.tolist()


@pytest.mark.parametrize("place", range(4))
def test_the_reserved_two_bit_code_is_refused_in_every_place(place):
    byte = 0x55 | 3 << 2 * place
    with pytest.raises(ValueError, match="reserved 2bit code"):
        encoding.unpack(np.array([byte], np.uint8), 4, "2bit")


def test_base3_bytes_are_valid_to_242_and_refused_from_243_on():
    assert encoding.unpack(np.array([242], np.uint8), 5, "base3").tolist() == [1] * 5
    for byte in range(243, 256):
        with pytest.raises(ValueError, match="reserved base3 code"):
            encoding.unpack(np.array([byte], np.uint8), 5, "base3")


def test_a_weight_outside_the_ternary_set_is_never_packed():
    for value in (-2, 2):
        with pytest.raises(AssertionError):
            encoding.pack(weights(0, value), "2bit")


@pytest.mark.parametrize(
    ("packing", "lanes", "expected"),
    [
        ("2bit", 1, 1),
        ("2bit", 4, 1),
        ("2bit", 5, 2),
        ("2bit", 256, 64),
        ("base3", 5, 1),
        ("base3", 6, 2),
        ("base3", 40, 8),
        ("base3", 256, 52),
    ],
)
def test_a_beat_takes_as_few_whole_bytes_as_hold_its_lanes(packing, lanes, expected):
    assert encoding.beat_bytes(lanes, packing) == expected


def test_the_weight_image_is_ordered_by_row_tile_then_beat_then_column():
    matrix = weights(*[1, -1, 0, 1, 1], *[0, 1, 1, -1, -1], *[-1, 0, 1, 1, 0]).reshape(3, 5)
    image = encoding.weight_image(matrix, columns=2, lanes=2, packing="2bit")
    assert image.shape == (2, 3, 2, 1)  # 3 rows in tiles of 2, 5 along K in beats of 2
    pad = 0b0101_0000  # two places that no lane uses
    assert image[0, 0].ravel().tolist() == [pad | 0b00_10, pad | 0b10_01]  # rows 0, 1; k 0, 1
    assert image[0, 1].ravel().tolist() == [pad | 0b10_01, pad | 0b00_10]  # k 2, 3
    assert image[0, 2].ravel().tolist() == [pad | 0b01_10, pad | 0b01_00]  # k 4 and padding
    assert image[1, 0].ravel().tolist() == [pad | 0b01_00, pad | 0b01_01]  # row 2, row beyond
    assert image[1, 2].ravel().tolist() == [pad | 0b01_01, pad | 0b01_01]


@pytest.mark.parametrize("packing", PACKINGS)
@given(
    n=st.integers(1, 9),
    k=st.integers(1, 23),
    columns=st.integers(1, 5),
    lanes=st.integers(1, 12),
    seed=st.integers(0, 99),
)
@settings(max_examples=60)
def test_every_weight_is_in_the_image_at_its_place_and_all_else_is_zero(
    packing, n, k, columns, lanes, seed
):
    matrix = np.random.default_rng(seed).integers(-1, 2, (n, k)).astype(np.int8)
    image = encoding.weight_image(matrix, columns, lanes, packing)
    tiles, beats = image.shape[:2]
    assert image.shape[2:] == (columns, encoding.beat_bytes(lanes, packing))
    for tile in range(tiles):
        for beat in range(beats):
            for column in range(columns):
                found = encoding.unpack(image[tile, beat, column], lanes, packing)
                for lane in range(lanes):
                    row, place = tile * columns + column, beat * lanes + lane
                    inside = row < n and place < k
                    assert found[lane] == (matrix[row, place] if inside else 0)
