"""A trace gives back exactly what was recorded, in bounded memory, or is not there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitsim.errors import BitsimError
from bitsim.spec import encoding
from bitsim.spec.ternary import TernaryMatrix
from bitsim.trace import Event, TraceWriter, load_trace, manifest
from bitsim.trace import writer as writer_module


def assert_same(found: Event, expected: Event) -> None:
    assert (found.pass_index, found.name) == (expected.pass_index, expected.name)
    assert found.activations.dtype == np.int8
    assert np.array_equal(found.activations, expected.activations)
    assert found.activation_scales.tobytes() == expected.activation_scales.tobytes()
    assert len(found.matrices) == len(expected.matrices)
    for left, right in zip(found.matrices, expected.matrices, strict=True):
        assert (left.name, left.n, left.k, left.scale) == (
            right.name,
            right.n,
            right.k,
            right.scale,
        )
        assert np.array_equal(left.packed, right.packed)
        assert np.array_equal(left.unpack(), right.unpack())


def test_a_recording_is_read_as_it_was_made(recorded, events, network):
    trace = load_trace(recorded)
    assert trace.network == network
    assert [(each.m, each.context) for each in trace.passes] == [(3, 0), (1, 3)]
    assert (trace.manifest.seed, trace.manifest.command) == (3, "bitsim trace record")
    found = list(trace.events())
    assert len(found) == 4
    for left, right in zip(found, events, strict=True):
        assert_same(left, right)


def test_info_counts_what_a_hand_counts(recorded, events):
    info = load_trace(recorded).info()
    assert (info["passes"], info["events"], info["matrices"]) == (2, 4, 3)
    assert info["products"] == 3 * 5 * 3 + 3 * 4 * 3 + 3 * 5 * 1 + 3 * 4 * 1
    # q has 6 zeros of 10 weights, k 1 of 5, o 0 of 12.
    assert info["weights"] == 27
    assert info["zero_weight_fraction"] == 7 / 27
    entered = np.concatenate([event.activations.ravel() for event in events])
    assert entered.size == 3 * 5 + 3 * 4 + 5 + 4
    assert info["zero_activation_fraction"] == np.mean(entered == 0)
    assert info["bytes"] == sum(file.stat().st_size for file in recorded.iterdir())


def test_an_event_gives_an_array_its_job(events):
    job = events[0].job()
    assert job.weights.tolist() == [[1, 0, -1, 0, 1], [0, 0, 0, 0, -1], [-1, -1, 1, 1, 0]]
    assert job.phase == events[0].phase
    assert (job.phase.n, job.phase.k, job.phase.m) == (3, 5, 3)
    by_hand = [
        [
            sum(int(w) * int(a) for w, a in zip(row, vector, strict=True))
            for row in job.weights.tolist()
        ]
        for vector in events[0].activations.tolist()
    ]
    assert job.expected().tolist() == by_hand


@given(data=st.data())
@settings(max_examples=30)
def test_any_recording_is_read_as_it_was_made(tmp_path_factory, network, data):
    path = tmp_path_factory.mktemp("any") / "any.trace"
    rng = np.random.default_rng(data.draw(st.integers(0, 1 << 20), "seed"))
    shapes = data.draw(
        st.lists(
            st.tuples(st.integers(1, 9), st.lists(st.integers(1, 7), min_size=1, max_size=3)),
            min_size=1,
            max_size=3,
        ),
        "k and rows of each product",
    )
    tokens = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4), "m of each pass")
    chunk_bytes = data.draw(st.sampled_from([1, 20, 64, 1 << 20]), "chunk_bytes")
    products = [
        tuple(
            TernaryMatrix(
                f"p{index}.m{place}",
                n,
                k,
                encoding.pack(rng.integers(-1, 2, (n, k)).astype(np.int8), "2bit"),
                float(np.float32(rng.uniform(1e-38, 10))),
            )
            for place, n in enumerate(rows)
        )
        for index, (k, rows) in enumerate(shapes)
    ]
    expected = [
        Event(
            number,
            f"p{index}",
            rng.integers(-128, 128, (m, matrices[0].k)).astype(np.int8),
            rng.uniform(1e-30, 1e30, m).astype(np.float32),
            matrices,
        )
        for number, m in enumerate(tokens)
        for index, matrices in enumerate(products)
    ]
    with TraceWriter(path, network, "", None, chunk_bytes) as writer:
        for number, m in enumerate(tokens):
            writer.begin_pass(m, sum(tokens[:number]))
            for event in expected[number * len(products) : (number + 1) * len(products)]:
                writer.add(event)
    trace = load_trace(path)
    found = list(trace.events())
    assert len(found) == len(expected)
    for left, right in zip(found, expected, strict=True):
        assert_same(left, right)
    assert [each.m for each in trace.passes] == tokens


def test_an_empty_recording_is_a_trace_of_no_events(tmp_path, network):
    with TraceWriter(tmp_path / "a.trace", network, ""):
        pass
    trace = load_trace(tmp_path / "a.trace")
    assert list(trace.events()) == []
    assert trace.info()["zero_weight_fraction"] == 0.0


def test_a_matrix_is_stored_once_however_often_it_is_used(tmp_path, network, events):
    q = events[0].matrices[0]
    twin = TernaryMatrix("twin", q.n, q.k, q.packed.copy(), 7.0)
    with TraceWriter(tmp_path / "a.trace", network, "") as writer:
        writer.begin_pass(1, 0)
        for name, matrices in (("a", (q,)), ("b", (q, twin)), ("a", (q,))):
            activations = np.zeros((1, q.k), np.int8)
            writer.add(Event(0, name, activations, np.ones(1, np.float32), matrices))
    trace = load_trace(tmp_path / "a.trace")
    assert [each.scale for each in next(e for e in trace.events() if e.name == "b").matrices] == [
        0.5,
        7.0,
    ]
    assert len({each.digest for each in trace.manifest.matrices}) == 1
    assert trace.manifest.weight_chunks[0].bytes < 400


def test_later_changes_of_the_activations_do_not_reach_the_recording(tmp_path, network, events):
    buffer = np.ones((1, 5), np.int8)
    with TraceWriter(tmp_path / "a.trace", network, "") as writer:
        writer.begin_pass(1, 0)
        writer.add(Event(0, "a", buffer, np.ones(1, np.float32), events[0].matrices))
        buffer[:] = 9
    (event,) = load_trace(tmp_path / "a.trace").events()
    assert event.activations.tolist() == [[1] * 5]


def test_memory_stays_bounded_while_writing_and_reading(tmp_path, network):
    k, passes, chunk_bytes = 40_000, 200, 500_000
    weights = TernaryMatrix("m", 1, k, np.full((1, k // 4), 0x55, np.uint8), 1.0)
    tracemalloc.start()
    with TraceWriter(tmp_path / "a.trace", network, "", None, chunk_bytes) as writer:
        for index in range(passes):
            writer.begin_pass(1, index)
            activations = np.full((1, k), index % 128, np.int8)
            writer.add(Event(index, "m", activations, np.ones(1, np.float32), (weights,)))
    total = 0
    for event in load_trace(tmp_path / "a.trace").events():
        total += int(event.activations[0, 0])
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == sum(index % 128 for index in range(passes))
    chunks = list((tmp_path / "a.trace").glob("events-*"))
    assert len(chunks) == -(-passes // (chunk_bytes // (k + 4)))
    assert max(chunk.stat().st_size for chunk in chunks) < 1.1 * chunk_bytes
    assert peak_bytes < passes * k // 3  # of 8 MB of activations


def left_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def record_until(error: type[BaseException], path: Path, network, event: Event) -> None:
    with TraceWriter(path, network, "") as writer:
        writer.begin_pass(3, 0)
        writer.add(event)
        assert [name.endswith(".partial") for name in left_in(path.parent)] == [True]
        raise error


def test_an_error_while_recording_leaves_nothing(tmp_path, network, events):
    for error in (KeyboardInterrupt, BitsimError, RuntimeError):
        with pytest.raises(error):
            record_until(error, tmp_path / "a.trace", network, events[0])
        assert left_in(tmp_path) == []


def test_a_killed_recording_leaves_no_trace(tmp_path):
    script = """
import os, sys
from pathlib import Path
import numpy as np
from bitsim.spec import catalog
from bitsim.spec.ternary import TernaryMatrix
from bitsim.trace import Event, TraceWriter
network = catalog.load_network_spec("bitnet-b1.58-2b-4t")
with TraceWriter(Path(sys.argv[1]), network, "", None, chunk_bytes=1) as writer:
    matrix = TernaryMatrix("m", 1, 4, np.zeros((1, 1), np.uint8), 1.0)
    for index in range(3):
        writer.begin_pass(1, index)
        scales = np.ones(1, np.float32)
        writer.add(Event(index, "m", np.zeros((1, 4), np.int8), scales, (matrix,)))
    os.kill(os.getpid(), 9)
"""
    path = tmp_path / "a.trace"
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.endswith(".partial")
    assert any(left.glob("events-*"))
    with pytest.raises(BitsimError, match="no such file"):
        load_trace(path)
    with pytest.raises(BitsimError, match=r"has no trace\.json, so it is no trace"):
        load_trace(left)


def test_what_is_there_is_never_replaced(recorded, tmp_path, network):
    before = (recorded / "trace.json").read_bytes()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for path in (recorded, tmp_path / "file", tmp_path / "link", tmp_path):
        with pytest.raises(BitsimError, match="exists; remove it, or name another place"):
            TraceWriter(path, network, "")
    assert (recorded / "trace.json").read_bytes() == before


def test_a_place_that_cannot_be_written_is_one_line(tmp_path, network):
    for path in (tmp_path / "no" / "a", Path("/proc/a"), Path("a\0b"), Path("x" * 10_000)):
        with (
            pytest.raises(BitsimError, match="cannot be written") as caught,
            TraceWriter(path, network, ""),
        ):
            pass
        assert "\n" not in str(caught.value)


def test_a_full_disk_leaves_nothing(tmp_path, network, events, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    def record() -> None:
        with TraceWriter(tmp_path / "a.trace", network, "") as writer:
            writer.begin_pass(3, 0)
            writer.add(events[0])
            monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(BitsimError, match=r"cannot be written \(No space left on device\)"):
        record()
    assert left_in(tmp_path) == []


def test_the_manifest_can_be_read_by_a_person(recorded):
    text = (recorded / "trace.json").read_text()
    assert max(map(len, text.splitlines())) < 500
    table = json.loads(text)
    assert table["format"] == "bitsim trace"
    assert [each["name"] for each in table["products"]] == ["layers.0.qkv", "layers.0.o"]
    assert table["event_chunks"][0]["events"] == [[0, 0], [0, 1], [1, 0], [1, 1]]


def repeated(path: Path, network, event: Event, times: int) -> None:
    with TraceWriter(path, network, "") as writer:
        writer.begin_pass(3, 0)
        for _ in range(times):
            writer.add(event)


def test_chunks_of_tiny_events_end_by_count_so_that_their_headers_stay_small(
    tmp_path, network, events, monkeypatch
):
    monkeypatch.setattr(writer_module, "CHUNK_TENSORS", 6)
    repeated(tmp_path / "a.trace", network, events[0], 7)
    trace = load_trace(tmp_path / "a.trace")
    assert [len(chunk.events) for chunk in trace.manifest.event_chunks] == [3, 3, 1]
    assert len(list(trace.events())) == 7


def test_a_recording_too_long_for_its_manifest_is_refused_and_leaves_nothing(
    tmp_path, network, events, monkeypatch
):
    monkeypatch.setattr(manifest, "MAX_EVENTS", 2)
    repeated(tmp_path / "a.trace", network, events[0], 2)
    with pytest.raises(BitsimError, match=r"b\.trace: more than 2 events; record fewer tokens"):
        repeated(tmp_path / "b.trace", network, events[0], 3)
    assert left_in(tmp_path) == ["a.trace"]


def test_a_command_of_half_characters_is_kept_escaped(tmp_path, network):
    with TraceWriter(tmp_path / "a.trace", network, "trace record \udcff"):
        pass
    assert load_trace(tmp_path / "a.trace").manifest.command == "trace record \\udcff"
