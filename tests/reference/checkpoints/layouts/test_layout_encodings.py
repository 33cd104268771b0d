"""int2, TL1 and TL2: what the published converters write and what the published kernels read."""

import hashlib
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bitsim.errors import BitsimError
from bitsim.reference.checkpoints.layouts import LAYOUTS, Int2, Tl1, Tl2, tiles
from bitsim.spec import encoding
from tests.reference.checkpoints.layouts import layout_oracles as kernels

TWO_BILLION = [(2560, 2560), (640, 2560), (6912, 2560), (2560, 6912)]  # q and o, k and v, ...

# First half of the sha256 of what a transcription of the published functions made of these weights,
# without torch and the reading of kernel_config.ini, which is not kept here: microsoft/BitNet,
# gpu/pack_weight.py `convert_weight_int8_to_int2` and utils/convert-hf-to-gguf-bitnet.py
# `preprocess_weights_tl1` and `preprocess_weights_tl2`. The files themselves were not run.
PUBLISHED = [
    (Int2(), 16, 32, "4ca9c1d38b3532339ec513f1efa6ed1a"),
    (Int2(), 64, 160, "eeee96f7a12b4a13771746a186135d25"),
    (Int2(), 3840, 2560, "d480d71f96838f8c41adf3f7debc4eca"),
    (Tl1(bm=32, bk=8, bmm=32), 64, 24, "93c486115d78cf09391077f3c0b3543f"),
    (Tl1(bm=64, bk=4, bmm=64), 128, 12, "3ef1a219cc4382bc5620c8a80692361c"),
    (Tl1(bm=160, bk=64, bmm=32), 320, 128, "8df9ec03f27c04d0da36994fd77d4a25"),
    (Tl1(bm=320, bk=128, bmm=64), 640, 256, "b8fce33b78ab34263a2a5339330eee6a"),
    (Tl1(bm=256, bk=128, bmm=32), 2560, 6912, "c538810da50fc6aac02dd92e4aa5ed7d"),
    (Tl2(bm=32, bk=24), 64, 288, "87be9a00f206a5205a53a42fff55d7e1"),
    (Tl2(bm=32, bk=96), 64, 320, "de35e55af4b8d62d26c74b1705f4f9ec"),
    (Tl2(bm=160, bk=96), 320, 352, "869a2734152289ec8d8613c8662d7e9c"),
    (Tl2(bm=128, bk=192), 256, 1536, "8d0cd408423c52867894c415d1d6142e"),
    (Tl2(bm=256, bk=96), 2560, 2560, "500246a84ce5dbe791cae2ad07a7bf4f"),
    (Tl2(bm=256, bk=96), 2560, 6912, "88375ef6dcbdf106c934c3c3ef8a0450"),
]


@pytest.mark.parametrize(("layout", "n", "k", "digest"), PUBLISHED, ids=str)
def test_bytes_are_those_of_the_published_converter(layout, n, k, digest):
    packed = encoding.pack(kernels.weights(n, k), "2bit")
    stored = layout.encode(packed, n, k)
    assert hashlib.sha256(stored.tobytes()).hexdigest()[:32] == digest
    assert np.array_equal(layout.decode(stored, n, k), packed)


def read(layout, stored, n, k):
    """What the kernel of a layout reads."""
    if isinstance(layout, Int2):
        return kernels.read_int2(stored, n, k)
    if isinstance(layout, Tl1):
        return kernels.read_tl1(stored, n, k, layout.bm, layout.bk, layout.bmm)
    return kernels.read_tl2(stored, n, k, layout.bm, layout.bk)


@st.composite
def cases(draw):
    """A layout and a size that it admits, small enough for the slow walk."""
    few = st.integers(1, 3)
    label = draw(st.sampled_from(list(LAYOUTS)))
    if label == "int2":
        return Int2(), 16 * draw(few), 32 * draw(few)
    bm = 32 * draw(few)
    if label == "tl1":
        bmm = draw(st.sampled_from([32, 64]))
        bm, bk = bm * bmm // 32, 256 // bmm * draw(few)
        return Tl1(bm=bm, bk=bk, bmm=bmm), bm * draw(few), bk * draw(few)
    bk, rest = draw(
        st.sampled_from(
            [(24, 0), (48, 0), (48, 32), (72, 0), (72, 64), (96, 0), (96, 64), (288, 256)]
        )
    )
    tile_count = -(-(256 - rest) // bk) + draw(st.integers(0, 1)) if rest < 256 else 1
    return Tl2(bm=bm, bk=bk), bm * draw(st.integers(1, 2)), tile_count * bk + rest


def special(name, n, k):
    """The worst cases by name."""
    if name in ("minus", "zero", "plus"):
        return np.full((n, k), {"minus": -1, "zero": 0, "plus": 1}[name], np.int8)
    weights = np.zeros((n, k), np.int8)
    row, column, value = name
    weights[row, column] = value
    return weights


CORNERS = [(row, column, value) for row in (0, -1) for column in (0, -1) for value in (-1, 1)]
SMALL = [
    (Int2(), 32, 64),
    (Tl1(bm=64, bk=16, bmm=32), 128, 32),
    (Tl1(bm=64, bk=8, bmm=64), 128, 16),
    (Tl2(bm=32, bk=96), 64, 320),  # with a rest
    (Tl2(bm=64, bk=96), 64, 288),  # without
]


@settings(max_examples=40)
@given(cases(), st.integers(0, 2**32 - 1))
@example((Tl2(bm=32, bk=288), 32, 544), 0)  # the longest rest
def test_the_published_kernel_reads_the_weights(case, seed):
    layout, n, k = case
    weights = np.random.default_rng(seed).integers(-1, 2, (n, k)).astype(np.int8)
    packed = encoding.pack(weights, "2bit")
    stored = layout.encode(packed, n, k)
    assert stored.shape == (layout.stored_bytes(n, k),)
    assert np.array_equal(read(layout, stored, n, k), weights)
    assert np.array_equal(layout.decode(stored, n, k), packed)


@pytest.mark.parametrize("name", ["minus", "zero", "plus", *CORNERS], ids=str)
@pytest.mark.parametrize(("layout", "n", "k"), SMALL, ids=str)
def test_extreme_matrices_by_name(layout, n, k, name):
    weights = special(name, n, k)
    packed = encoding.pack(weights, "2bit")
    stored = layout.encode(packed, n, k)
    assert np.array_equal(read(layout, stored, n, k), weights)
    assert np.array_equal(layout.decode(stored, n, k), packed)


@pytest.mark.parametrize(("n", "k"), TWO_BILLION)
@pytest.mark.parametrize("label", LAYOUTS)
def test_round_trip_of_the_2b_model_at_true_dimensions(label, n, k):
    layout = LAYOUTS[label].for_shape(n, k)
    packed = encoding.pack(kernels.weights(n, k), "2bit")
    assert np.array_equal(layout.decode(layout.encode(packed, n, k), n, k), packed)


@pytest.mark.parametrize(
    ("n", "k", "stored", "used", "in_gguf"),
    [
        (2560, 2560, 1_392_640, 1_372_160, 1_392_672),
        (640, 2560, 348_160, 343_040, 348_192),
        (6912, 2560, 3_760_128, 3_704_832, 3_760_160),
        (2560, 6912, 3_713_706, 3_686_400, 3_713_760),  # rounded down, then up to 32
    ],
)
def test_tl2_bytes_of_the_2b_model_follow_the_formula(n, k, stored, used, in_gguf):
    layout = Tl2.for_shape(n, k)
    assert layout.stored_bytes(n, k) == stored
    assert layout.used_bytes(n, k) == used
    assert layout.gguf_bytes(n, k) == in_gguf
    assert Int2().stored_bytes(n, k) == Tl1.for_shape(n, k).stored_bytes(n, k) == n * k // 4


def test_tiles_of_the_2b_model_are_chosen_and_those_of_three_networks_published():
    for n, k in TWO_BILLION:
        assert not Tl1.is_published(n, k) and not Tl2.is_published(n, k)
    chosen = [Tl1.for_shape(n, k) for n, k in TWO_BILLION]
    assert [(each.bm, each.bk, each.bmm) for each in chosen] == [
        (256, 128, 32),
        (160, 128, 32),
        (256, 128, 32),
        (256, 128, 32),
    ]
    assert [Tl2.for_shape(n, k).bm for n, k in TWO_BILLION] == [256, 160, 256, 256]
    for kind, table in ((Tl1, tiles.TL1), (Tl2, tiles.TL2)):
        assert len(table) == 10
        for shape, sizes in table.items():
            layout = kind.for_shape(*shape)
            layout.check(*shape)
            assert (layout.bm, layout.bk, layout.bmm) == sizes
            assert kind.is_published(*shape)


def test_no_byte_of_int2_and_tl1_has_two_readings():
    for layout, n, k, valid in ((Int2(), 16, 32, 3**4), (Tl1(bm=32, bk=8, bmm=32), 32, 8, 81)):
        good = layout.encode(np.full((n, k // 4), 0x55, np.uint8), n, k)
        readings = set()
        for byte in range(256):
            stored = good.copy()
            stored[0] = byte
            try:
                packed = layout.decode(stored, n, k)
            except BitsimError:
                continue
            assert np.array_equal(layout.encode(packed, n, k), stored)
            readings.add(packed.tobytes())
        assert len(readings) == valid


@pytest.mark.parametrize(
    ("layout", "n", "k", "changes", "count"),
    [
        (Int2(), 16, 32, {0: 0b01_01_00_10}, 1),
        (Int2(), 16, 32, {5: 0, 127: 0}, 8),
        (Tl1(bm=32, bk=8, bmm=32), 32, 8, {0: 0x94}, 1),
        (Tl1(bm=32, bk=8, bmm=32), 32, 8, {3: 0x49, 63: 0xFF}, 3),
        (Tl2(bm=32, bk=96), 32, 320, {0: 0xE0}, 1),  # a magnitude of 14
        (Tl2(bm=32, bk=96), 32, 320, {0: 0x0F, 1: 0xEE}, 3),
        (Tl2(bm=32, bk=96), 32, 320, {32 * 288 // 6: 0x81}, 2),  # two negative zeros
        (Tl2(bm=32, bk=96), 32, 320, {32 * 288 * 5 // 24: 0x9F}, 2),  # pairs of 9 and 15
        (Tl2(bm=32, bk=96), 32, 320, {-1: 7, -2: 1}, 2),  # behind the last area
    ],
    ids=str,
)
def test_codes_that_stand_for_no_weight_are_counted_and_refused(layout, n, k, changes, count):
    stored = layout.encode(np.full((n, k // 4), 0x55, np.uint8), n, k)
    for place, byte in changes.items():
        stored[place] = byte
    says = f"layout {layout.label}: codes that stand for no ternary weight in {count} places; use"
    with pytest.raises(BitsimError, match=says):
        layout.decode(stored, n, k)


@pytest.mark.parametrize(
    ("layout", "n", "k", "says"),
    [
        (Int2(), 24, 32, "n = 24 is no multiple of 16, the rows of a block; use another layout"),
        (Int2(), 16, 48, "k = 48 is no multiple of 32, the columns of a block"),
        (Tl1(bm=64, bk=8, bmm=32), 32, 8, "n = 32 is no multiple of 64, bm, the rows of a tile"),
        (Tl1(bm=32, bk=16, bmm=32), 32, 24, "k = 24 is no multiple of 16, bk, the columns"),
        (Tl1(bm=96, bk=8, bmm=64), 96, 8, "bm = 96 is no multiple of 64, bmm, the rows of a"),
        (Tl1(bm=64, bk=12, bmm=32), 64, 12, "bk = 12 is no multiple of 8, 256 / bmm, the"),
        (Tl2(bm=32, bk=96), 48, 288, "n = 48 is no multiple of 32, bm"),
        (Tl2(bm=48, bk=96), 48, 288, "bm = 48 is no multiple of 32, the rows of a strip"),
        (Tl2(bm=32, bk=100), 32, 300, "bk = 100 is no multiple of 24, the columns of a word"),
        (Tl2(bm=32, bk=96), 32, 300, "the rest of k by bk = 12 is no multiple of 32"),
        (Tl2(bm=32, bk=96), 32, 192, "k = 192 is below 256"),
        (Tl2(bm=32, bk=480), 32, 288, "k = 288 is below 480, bk"),
        (Tl2(bm=32, bk=480), 32, 768, "the rest of k by bk = 288 is above 256"),
    ],
    ids=str,
)
def test_sizes_that_a_layout_does_not_admit_are_refused_with_the_bound(layout, n, k, says):
    with pytest.raises(BitsimError, match=re.escape(f"layout {layout.label}: {says}")):
        layout.encode(np.full((n, -(-k // 4)), 0x55, np.uint8), n, k)
    with pytest.raises(BitsimError, match=re.escape(says)):
        layout.decode(np.zeros(n * k // 4, np.uint8), n, k)


def test_bytes_of_another_size_are_refused():
    with pytest.raises(BitsimError, match="layout int2: 127 bytes; 16 x 32 weights have 128; use"):
        Int2().decode(np.zeros(127, np.uint8), 16, 32)


@pytest.mark.parametrize(
    "sizes", [{"bm": 16, "bk": 8, "bmm": 32}, {"bm": 32, "bk": 8, "bmm": 16}, {"bm": 1 << 17}]
)
def test_parameters_are_checked(sizes):
    with pytest.raises(ValueError, match="validation error"):
        Tl1(**({"bk": 8, "bmm": 32} | sizes))
