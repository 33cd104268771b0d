"""Embedding and head in the forms of files: ggml's values, and the sums of `floats.dot` on them."""

import os
import shutil
import subprocess
import sys

import gguf
import numba
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bitsim.errors import BitsimError
from bitsim.files.tensorfile import open_tensors, write_tensors
from bitsim.reference.checkpoints.load import load_network, needed_bytes
from bitsim.reference.kernels import floats, threads, vectors
from bitsim.reference.tables import f16, table_of
from tests.reference.checkpoints.gguf import gguf_writer as w

FORMS = {"F32": (1, 4, 4), "F16": (1, 2, 2), "Q8_0": (32, 34, 2), "Q6_K": (256, 210, 2)}
EVERY_HALF = np.arange(1 << 16, dtype=np.uint16)
FINITE_HALVES = EVERY_HALF[np.isfinite(EVERY_HALF.view(np.float16))]


def scales_at(form, raw):
    """The bytes that are floats, as a view of raw (rows, blocks, bytes of a block)."""
    kind = "<u4" if form == "F32" else "<u2"
    where = {"F32": slice(0, 4), "F16": slice(0, 2), "Q8_0": slice(0, 2), "Q6_K": slice(208, 210)}
    return raw[:, :, where[form]], kind


def drawn(form, rows, blocks, seed):
    """Any bytes, but finite values."""
    rng = np.random.default_rng(seed)
    _, block_bytes, float_bytes = FORMS[form]
    raw = rng.integers(0, 256, (rows, blocks, block_bytes), dtype=np.uint8)
    place, kind = scales_at(form, raw)
    bits = rng.integers(0, 1 << (8 * float_bytes), (rows, blocks), dtype=np.uint64).astype(kind)
    exponent = {"<u4": 0x7F800000, "<u2": 0x7C00}[kind]
    lowest = exponent & -exponent
    bits[bits & exponent == exponent] ^= lowest  # infinities and NaN become large numbers
    place[:] = bits[..., None].view(np.uint8)
    raw = raw.reshape(rows, -1)
    raw.flags.writeable = False
    return raw


def package_values(form, raw):
    return gguf.quants.dequantize(raw, gguf.GGMLQuantizationType[form]).astype(np.float32)


def dots(values, x):
    """`floats.dot` of each pair, (m, vocab)."""
    lanes = np.empty(floats.LANES, np.float32)
    return np.array([[floats.dot(row, token, lanes) for row in values] for token in x], "f4")


@pytest.mark.parametrize("form", FORMS)
@given(rows=st.integers(1, 4), blocks=st.integers(1, 5), seed=st.integers(0, 2**32 - 1))
@example(rows=1, blocks=1, seed=0)
@settings(max_examples=60)
def test_rows_are_the_packages_values_bit_for_bit(form, rows, blocks, seed):
    raw = drawn(form, rows, blocks, seed)
    table = table_of(form, raw)
    assert (table.form, table.vocab, table.nbytes) == (form.lower(), rows, raw.nbytes)
    ids = np.array([rows - 1, 0, rows // 2])
    assert table.rows(ids).tobytes() == package_values(form, raw)[ids].tobytes()


def test_every_finite_half_becomes_its_float_on_both_paths():
    exact = FINITE_HALVES.view(np.float16).astype(np.float32)
    assert exact.size == 63488
    portable = np.array([f16.widen_portable(bits) for bits in FINITE_HALVES], np.float32)
    assert portable.tobytes() == exact.tobytes()
    table = table_of("F16", FINITE_HALVES.view(np.uint8).reshape(1, -1))
    assert table.rows(np.zeros(1, np.int64)).tobytes() == exact.tobytes()


def test_every_code_and_scale_of_q6_k_is_read_from_its_place():
    blocks = np.zeros((8, 210), np.uint8)
    blocks[:, 208:] = np.array([0.5], "<f2").view(np.uint8)
    for index, block in enumerate(blocks):  # one bit of each code, other scales in each block
        block[192:208] = np.arange(16, dtype=np.int8).astype(np.uint8) * (index + 1)
        bit = 1 << index % 4
        block[:128] = bit | bit << 4 if index < 4 else 0
        block[128:192] = np.arange(64, dtype=np.uint8) * 3 if index >= 4 else 0
    raw = blocks.reshape(1, -1)
    values = table_of("Q6_K", raw).rows(np.zeros(1, np.int64))
    assert values.tobytes() == package_values("Q6_K", raw).tobytes()
    assert len(np.unique(values)) > 100


@pytest.mark.parametrize(
    ("form", "k"),
    [("F32", 1), ("F32", 97), ("F32", 256), ("F16", 33), ("F16", 640), ("Q8_0", 96), ("Q6_K", 512)],
)
@pytest.mark.parametrize("m", [1, 5])
def test_logits_are_the_dot_products_of_the_values(form, k, m):
    block, block_bytes, _ = FORMS[form]
    values = np.random.default_rng(k).normal(0, 1, (37, k)).astype(np.float32)
    if form == "Q6_K":  # the package writes none
        raw = drawn(form, 37, k // block, 3).reshape(37, -1, block_bytes).copy()
        scales_at(form, raw)[0][:] = np.array([0.01], "<f2").view(np.uint8)
        raw = raw.reshape(37, -1)
    else:
        raw = gguf.quants.quantize(values, gguf.GGMLQuantizationType[form]).view(np.uint8)
    table = table_of(form, raw)
    x = np.random.default_rng(m).normal(0, 1, (m, k)).astype(np.float32)
    assert table.logits(x).tobytes() == dots(package_values(form, raw), x).tobytes()


LESSER = """
import hashlib
import numpy as np
from bitsim.reference.tables import Int8Table, f16, table_of
from bitsim.reference.tables.int8 import table as int8
random = np.random.default_rng(0)
values = random.normal(0, 1, (9, 256)).astype(np.float32)
raw = random.integers(0, 256, (9, 272), dtype=np.uint8) & 0x3F  # no exponent of infinity
digest = hashlib.sha256()
for table in (
    table_of("F16", values.astype("<f2").view(np.uint8)),
    table_of("Q8_0", raw),
    table_of("Q6_K", raw[:, :210].copy()),
    Int8Table(table_of("F32", values.view(np.uint8))),
):
    for tokens in (1, 5):
        digest.update(table.logits(values[:tokens]).tobytes())
print(f16.F16C, int8.PATH.__name__.endswith("avx2"), digest.hexdigest())
"""


def test_a_processor_without_f16c_and_avx2_gives_the_same_bits_from_the_same_cache(tmp_path):
    here = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    lesser = {**here, "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    ours, theirs = (
        subprocess.run(
            [sys.executable, "-c", LESSER], env=env, capture_output=True, text=True, check=True
        ).stdout.split()
        for env in (here, lesser)
    )
    assert theirs[:2] == ["False", "False"]
    assert ours[:2] == [str(f16.F16C), str(vectors.AVX2)]
    assert ours[2] == theirs[2]


def test_equal_values_give_equal_bits_whatever_form_they_are_in():
    bits = np.random.default_rng(4).normal(0, 1, (50, 300)).astype(np.float32).view(np.uint32)
    values = (bits & np.uint32(0xFFFF0000)).view(np.float32)
    halves = values.astype(np.float16)
    assert np.array_equal(halves.astype(np.float32), values)
    tables = [
        table_of("BF16", (values.view(np.uint32) >> 16).astype("<u2").view(np.uint8)),
        table_of("F16", halves.view(np.uint8)),
        table_of("F32", values.view(np.uint8)),
    ]
    x = np.random.default_rng(5).normal(0, 1, (3, 300)).astype(np.float32)
    assert len({table.logits(x).tobytes() for table in tables}) == 1
    assert len({table.rows(np.arange(50)).tobytes() for table in tables}) == 1


@pytest.mark.parametrize("form", FORMS)
def test_two_threads_and_one_token_at_a_time_give_the_bits_of_one_pass(form, monkeypatch):
    block, block_bytes, _ = FORMS[form]
    raw = drawn(form, 600, 512 // block, 8).reshape(600, -1, block_bytes).copy()
    kind = "<f4" if form == "F32" else "<f2"
    scales_at(form, raw)[0][:] = np.array([0.25], kind).view(np.uint8)
    table = table_of(form, raw.reshape(600, -1))
    x = np.random.default_rng(9).normal(0, 1, (3, 512)).astype(np.float32)
    monkeypatch.setattr(threads, "PARALLEL_FROM", 1 << 60)
    alone = np.concatenate([table.logits(token[None]) for token in x])
    monkeypatch.setattr(threads, "PARALLEL_FROM", 0)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(min(2, before))
        assert table.logits(x).tobytes() == alone.tobytes()
    finally:
        numba.set_num_threads(before)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("form", ["BF16", *FORMS])
def test_a_table_with_one_value_that_is_not_finite_is_none(form, value):
    if form == "BF16":
        raw = np.ones((3, 64), np.float32).view(np.uint32) >> 16
        raw = raw.astype("<u2").view(np.uint8).reshape(3, 64, 2)
        bad = (np.array([value], np.float32).view(np.uint32) >> 16).astype("<u2").view(np.uint8)
        place = raw
    else:
        raw = drawn(form, 3, 2, 1).reshape(3, 2, -1).copy()
        place, kind = scales_at(form, raw)
        bad = np.array([value], kind.replace("u", "f")).view(np.uint8)
    assert table_of(form, raw.reshape(3, -1)) is not None
    place[2, 1] = bad
    assert table_of(form, raw.reshape(3, -1)) is None


def folder_of(tmp_path, dtype):
    """The golden checkpoint with another head than embedding, all that is BF16 in `dtype`."""
    shutil.copy(w.GOLDEN / "untied" / "config.json", tmp_path)
    file = open_tensors(w.GOLDEN / "untied" / "model.safetensors")
    tensors, scales = {}, set()
    for name in file.names:
        tensors[name] = file.tensor(name)
        if name.endswith("weight_scale"):
            scales.add(name)
        elif file.dtype(name) == "BF16":
            tensors[name] = w.widened(tensors[name]).astype(dtype)
    write_tensors(tmp_path / "model.safetensors", tensors, bf16=scales)
    return str(tmp_path)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_safetensors_of_f16_and_f32_keep_their_values(tmp_path, dtype):
    folder = folder_of(tmp_path, dtype)
    ours, theirs = load_network(folder), load_network(str(w.GOLDEN / "untied"))
    every = np.arange(ours.spec.vocab_size)

    def kept(values):
        return values.astype(dtype).astype(np.float32).tobytes()

    assert ours.embedding.rows(every).tobytes() == kept(theirs.embedding.rows(every))
    assert ours.head.rows(every).tobytes() == kept(theirs.head.rows(every))
    assert ours.final_norm.tobytes() == kept(theirs.final_norm)
    assert ours.layers[1].ffn_norm.tobytes() == kept(theirs.layers[1].ffn_norm)
    assert needed_bytes(folder) == ours.memory_bytes
    width = 4 if dtype == np.float32 else 2
    assert ours.embedding.nbytes == width * ours.spec.vocab_size * ours.spec.hidden_size
    if dtype == np.float32:
        ids = np.array([3, 1, 4, 1, 5])
        ours, theirs = (
            net.forward(ids, net.empty_cache(5), all_logits=True) for net in (ours, theirs)
        )
        assert ours.tobytes() == theirs.tobytes()


def test_an_f16_table_that_is_not_finite_is_refused_by_the_name_of_its_tensor(tmp_path):
    folder = folder_of(tmp_path, np.float16)
    path = tmp_path / "model.safetensors"
    raw = bytearray(path.read_bytes())
    head = open_tensors(path).tensor("lm_head.weight").tobytes()
    begin = raw.index(head)
    raw[begin + 2 : begin + 4] = np.array([np.inf], "<f2").tobytes()
    path.write_bytes(raw)
    with pytest.raises(BitsimError, match=r"'lm_head\.weight' has values that are not finite"):
        load_network(folder)
