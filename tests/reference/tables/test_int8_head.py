"""A head in int8: its definition, its exact sums on every path, and what it says of itself."""

import importlib.util
import re

import numba
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bitsim.errors import BitsimError
from bitsim.reference import memory
from bitsim.reference.checkpoints.load import load_network, needed_bytes
from bitsim.reference.generation.generate import generate
from bitsim.reference.generation.sampling import greedy
from bitsim.reference.kernels import quantizer, threads, vectors
from bitsim.reference.network.head import MOST_TOKENS, head_change, tell_head
from bitsim.reference.tables import Int8Table, table_of
from bitsim.reference.tables.int8 import avx2 as int8_avx2
from bitsim.reference.tables.int8 import portable as int8_portable
from bitsim.reference.tables.int8 import table as int8
from bitsim.spec import catalog
from tests.reference.checkpoints.gguf import gguf_writer as w

needs_avx2 = pytest.mark.skipif(not vectors.AVX2, reason="numba compiles for no AVX2 here")
PATHS = [int8_portable, pytest.param(int8_avx2, marks=needs_avx2)]
F32 = np.float32


def table(values):
    return table_of("F32", np.ascontiguousarray(values, "<f4").view(np.uint8))


def with_codes(codes, path):
    """A table whose codes are told."""
    made = Int8Table(table(np.zeros(codes.shape)), path)
    made.codes[:, : codes.shape[1]] = codes
    return made


def test_the_path_in_use_is_avx2_where_numba_compiles_for_it():
    assert int8.PATH is (int8_avx2 if vectors.AVX2 else int8_portable)


@pytest.mark.parametrize("path", PATHS)
@given(
    vocab=st.integers(1, 9),
    hidden=st.integers(1, 300),
    m=st.integers(1, 9),
    seed=st.integers(0, 2**32 - 1),
)
@example(vocab=2, hidden=32, m=4, seed=0)  # one step, one tile
@example(vocab=3, hidden=33, m=5, seed=0)  # one more of each
@example(vocab=1, hidden=31, m=3, seed=0)  # one less
@settings(max_examples=100)
def test_sums_are_the_integers_of_numpy_for_any_shape(path, vocab, hidden, m, seed):
    rng = np.random.default_rng(seed)
    codes = rng.integers(-128, 128, (vocab, hidden), dtype=np.int8)
    activations = rng.integers(-128, 128, (m, hidden), dtype=np.int8)
    expected = activations.astype(np.int32) @ codes.astype(np.int32).T
    assert np.array_equal(with_codes(codes, path).sums(activations), expected)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("hidden", [2560, 6912, int8.MAX_HIDDEN])
@pytest.mark.parametrize(("code", "activation"), [(127, -128), (-127, -128), (127, 127)])
def test_the_largest_sums_are_exact(path, hidden, code, activation):
    codes = np.full((3, hidden), code, np.int8)
    activations = np.full((5, hidden), activation, np.int8)  # four in a tile and one alone
    sums = with_codes(codes, path).sums(activations)
    assert sums.tolist() == [[hidden * code * activation] * 3] * 5


def test_a_wider_network_is_refused_because_sums_might_not_fit():
    assert int8.MAX_HIDDEN * 127 * 128 < 2**31 <= (int8.MAX_HIDDEN + 1) * 127 * 128
    with pytest.raises(BitsimError, match=r"hidden_size = 132105: sums .* up to 132104; use"):
        Int8Table(table(np.zeros((1, int8.MAX_HIDDEN + 1))))


def test_codes_and_scales_are_those_of_the_definition():
    rng = np.random.default_rng(0)
    rows = (rng.normal(0, 1, (300, 97)) * 10.0 ** rng.uniform(-34, 30, (300, 1))).astype(F32)
    rows[0] = 0
    rows[1, :4] = [127, 0.5, 1.5, -2.5]  # ties, to even
    rows[1, 4:] = 0
    made = Int8Table(table(rows))
    largest = np.abs(rows).max(axis=1, keepdims=True)
    inverse = F32(127) / np.where(largest == 0, F32(1), largest)
    codes = np.rint(rows * inverse)
    assert np.array_equal(made.codes[:, :97], codes)
    assert made.codes[1, :4].tolist() == [127, 0, 2, -2]
    assert np.abs(made.codes).max(axis=1)[1:].tolist() == [127] * 299
    assert not made.codes[:, 97:].any()
    assert made.row_scales.tobytes() == (largest / F32(127)).astype(F32).tobytes()
    approximate = made.rows(np.arange(300))
    assert (np.abs(approximate - rows) <= 0.5001 * made.row_scales[:, None]).all()


@pytest.mark.parametrize("largest", [2.0**-119, np.nextafter(F32(2.0**-119), F32(0)), 1e-45, 0.0])
def test_rows_too_small_for_a_normal_scale_are_zeros(largest):
    made = Int8Table(table(np.full((1, 8), largest, F32)))
    expected = 127 if largest == 2.0**-119 else 0
    assert made.codes[0, :8].tolist() == [expected] * 8
    assert (made.row_scales[0] >= 2.0**-126) == (expected > 0)
    assert np.isfinite(made.logits(np.ones((1, 8), F32))).all()


@pytest.mark.parametrize("path", PATHS)
def test_a_logit_is_the_sum_times_the_rows_scale_over_the_activations(path):
    rng = np.random.default_rng(1)
    made = Int8Table(table(rng.normal(0, 1, (57, 130))), path)
    x = rng.normal(0, 3, (6, 130)).astype(F32)
    codes, scales, _ = quantizer.quantize(x)
    sums = codes.astype(np.int64) @ made.codes[:, :130].astype(np.int64).T
    expected = sums.astype(F32) * made.row_scales / scales[:, None]
    assert made.logits(x).tobytes() == expected.tobytes()


@pytest.mark.parametrize("path", PATHS)
def test_two_threads_give_the_bits_of_one(path, monkeypatch):
    rng = np.random.default_rng(2)
    values, x = rng.normal(0, 1, (601, 70)), rng.normal(0, 1, (5, 70)).astype(F32)
    monkeypatch.setattr(threads, "PARALLEL_FROM", 1 << 60)
    alone = Int8Table(table(values), path)
    logits = alone.logits(x)
    monkeypatch.setattr(threads, "PARALLEL_FROM", 0)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(min(2, before))
        shared = Int8Table(table(values), path)
        assert shared.codes.tobytes() == alone.codes.tobytes()
        assert shared.row_scales.tobytes() == alone.row_scales.tobytes()
        assert shared.logits(x).tobytes() == logits.tobytes()
    finally:
        numba.set_num_threads(before)


def test_a_table_made_in_blocks_is_that_made_at_once(monkeypatch):
    source = table(np.random.default_rng(3).normal(0, 1, (100, 40)))
    whole = Int8Table(source)
    monkeypatch.setattr(int8, "ROWS_AT_ONCE", 7)
    parts = Int8Table(source)
    assert parts.codes.tobytes() == whole.codes.tobytes()
    assert parts.row_scales.tobytes() == whole.row_scales.tobytes()


def test_an_input_that_is_not_finite_is_refused():
    made = Int8Table(table(np.ones((4, 8))))
    with pytest.raises(BitsimError, match="input of the head is not finite"):
        made.logits(np.full((1, 8), np.inf, F32))


def test_memory_is_asked_for_before_it_is_taken(monkeypatch):
    source = table(np.ones((100, 40)))
    monkeypatch.setattr(memory, "available_bytes", lambda: 100 * (64 + 4) - 1)
    with pytest.raises(BitsimError, match="the int8 head needs"):
        Int8Table(source)
    monkeypatch.setattr(memory, "available_bytes", lambda: 100 * (64 + 4))
    made = Int8Table(source)
    assert made.nbytes == made.codes.nbytes + made.row_scales.nbytes == 100 * (64 + 4)


@pytest.mark.parametrize("name", ["small", str(w.GOLDEN / "untied")])
def test_decode_gives_the_logits_of_prefill_and_only_the_head_differs(name):
    ours, own = load_network(name, head="int8"), load_network(name)
    ids = np.array([5, 3, 60, 3, 8])
    logits = ours.forward(ids, ours.empty_cache(5), all_logits=True)
    cache = ours.empty_cache(5)
    one_by_one = np.concatenate([ours.forward(ids[i : i + 1], cache) for i in range(5)])
    assert logits.tobytes() == one_by_one.tobytes()
    exact = own.forward(ids, own.empty_cache(5), all_logits=True)
    change = head_change(ours, ids)
    size = np.sqrt(np.mean(exact.astype(float) ** 2))
    difference = logits.astype(float) - exact
    assert change.tokens == 5
    assert change.rms == pytest.approx(np.sqrt(np.mean(difference**2)) / size, rel=1e-12)
    assert change.largest == pytest.approx(np.abs(difference).max() / size, rel=1e-12)
    assert change.moved == np.count_nonzero(logits.argmax(axis=1) != exact.argmax(axis=1))
    assert 0 < change.rms < 0.03
    assert needed_bytes(name, "int8") - needed_bytes(name) == ours.head.nbytes
    every = np.arange(own.spec.vocab_size)
    assert ours.embedding.rows(every).tobytes() == own.embedding.rows(every).tobytes()


def test_a_head_that_moves_the_largest_logit_is_counted():
    network = load_network("small", head="int8")
    ids = [5, 3, 60]
    assert head_change(network, ids).moved == 0
    network.head.row_scales[:] *= -1
    change = head_change(network, ids)
    assert change.moved == 3
    assert change.rms == pytest.approx(2, rel=0.01)


def test_what_changes_is_one_line_and_an_own_head_says_nothing():
    lines = []
    tell_head(load_network("addition"), [1, 2, 3], lines.append)
    network = load_network("addition", head="int8")
    tell_head(network, [], lines.append)
    assert lines == []
    tell_head(network, [1, 2, 3], lines.append)
    assert re.fullmatch(
        r"addition: int8 head, 14,560 bytes: over the first 3 tokens its logits differ from the "
        r"own head's by 0\.\d\d% rms, \d\.\d\d% at most \(of the logits' rms\); 0 of 3 have "
        r"another largest logit",
        lines.pop(),
    )
    tell_head(network, [1] * (MOST_TOKENS + 1), lines.append)
    assert "over the first 64 tokens" in lines.pop()


def test_a_head_of_another_name_is_refused():
    with pytest.raises(BitsimError, match=r"head = 'int4': must be one of own, int8"):
        load_network("addition", head="int4")


def right_answers(network, count):
    path = catalog.models_folder() / "networks" / "addition" / "problems.py"
    spec = importlib.util.spec_from_file_location("int8_head_problems", path)
    problems = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(problems)
    right = 0
    for each in problems.held_out(seed=1, count=count):
        ids = generate(network, network.tokenizer.encode(each.prompt), 6, greedy)
        right += network.tokenizer.decode(ids) == each.answer and ids[-1] in network.spec.eos_ids
    return right


def test_held_out_sums_stay_right():
    assert right_answers(load_network("addition", head="int8"), 64) == 64


@pytest.mark.full
def test_all_held_out_sums_stay_right():
    assert right_answers(load_network("addition", head="int8"), 4096) == 4096
