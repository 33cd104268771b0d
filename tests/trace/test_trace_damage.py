"""No damaged or forged trace is read as a good one; each is refused in one line."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pytest

from bitsim.errors import BitsimError
from bitsim.files.tensorfile import open_tensors, write_tensors
from bitsim.trace import load_trace


def refusal(path: Path) -> str:
    started = time.monotonic()
    with pytest.raises(BitsimError) as caught:
        load_trace(path).info()
    assert time.monotonic() - started < 2
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 700
    return text


FILES = ("trace.json", "weights-00000.safetensors", "events-00000.safetensors")


def places(name: str, content: bytes) -> range:
    """Every byte; of the manifest, which takes longest to read, every third."""
    return range(0, len(content), 3 if name == "trace.json" else 1)


@pytest.mark.parametrize("name", FILES)
def test_a_bit_flipped_anywhere_is_found(recorded, name):
    file = recorded / name
    content = file.read_bytes()
    for place in places(name, content):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        assert name in refusal(recorded)
    file.write_bytes(content)
    assert load_trace(recorded).info()["events"] == 4


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_at_any_byte_is_found(recorded, name):
    file = recorded / name
    content = file.read_bytes()
    for size in places(name, content):
        file.write_bytes(content[:size])
        assert name in refusal(recorded)
    file.write_bytes(content + b"\n")
    assert name in refusal(recorded)
    file.unlink()
    assert name in refusal(recorded)


def test_a_trace_of_a_later_bitsim_says_so(recorded, resign):
    resign(recorded, lambda table: table.update(version=2, unheard_of=1))
    assert "version = 2: written by a later bitsim; this one reads up to version 1" in refusal(
        recorded
    )


def test_a_folder_or_file_that_is_no_trace_says_so(tmp_path):
    assert "has no trace.json" in refusal(tmp_path)
    assert "no such file" in refusal(tmp_path / "none.trace")
    (tmp_path / "file").write_text("{}")
    assert "is a file; a trace is a folder" in refusal(tmp_path / "file")
    assert "must be the path of a trace's folder" in refusal(Path("a\0b"))
    assert "cannot be read" in refusal(Path("x" * 10_000))
    for text in ("", "[]", "{}", '{"format": "other"}', '{"format": "bitsim trace"}', "[" * 99999):
        (tmp_path / "trace.json").write_text(text)
        assert "trace.json: " in refusal(tmp_path)


FORGED = {
    "no network": (lambda t: t.pop("network"), "network: missing"),
    "field too many": (lambda t: t.update(nework={}), "nework: unknown field; did you mean"),
    "version true": (lambda t: t.update(version=True), "version = True"),
    "version 0": (lambda t: t.update(version=0), "version = 0"),
    "file elsewhere": (
        lambda t: t["event_chunks"][0].update(file="../../etc/passwd"),
        "events file '../../etc/passwd': must be events-00000.safetensors",
    ),
    "file with NUL": (
        lambda t: t["event_chunks"][0].update(file="a\0b"),
        "events file 'a\\x00b': must be events-00000.safetensors",
    ),
    "file of 10,000": (
        lambda t: t["weight_chunks"][0].update(file="x" * 10_000),
        "must be weights-00000.safetensors",
    ),
    "product ../": (lambda t: t["products"][0].update(name="../x"), "products.0.name = '../x'"),
    "product NUL": (lambda t: t["products"][0].update(name="a\0"), "products.0.name = 'a\\x00'"),
    "product script": (
        lambda t: t["products"][0].update(name="<script>"),
        "products.0.name = '<script>'",
    ),
    "matrix of 10,000": (
        lambda t: t["matrices"][0].update(name="x" * 10_000),
        "matrices.0.name = 'xxx",
    ),
    "network name": (lambda t: t["network"].update(name="a\nb"), "network.name = 'a\\nb'"),
    "network heads": (lambda t: t["network"].update(heads=3), "not a multiple of heads"),
    "no matrices": (lambda t: t["products"][0].update(matrices=[]), "products.0.matrices = ()"),
    "matrix beyond": (lambda t: t["products"][0].update(matrices=[3]), "matrix 3 is named"),
    "matrix negative": (lambda t: t["products"][0].update(matrices=[0, -1]), "matrices.1 = -1"),
    "matrices differ in k": (
        lambda t: t["products"][0].update(matrices=[0, 2]),
        "product layers.0.qkv: its matrices differ in k",
    ),
    "chunk beyond": (lambda t: t["matrices"][0].update(chunk=1), "chunk 1 is named"),
    "pass beyond": (lambda t: t["event_chunks"][0]["events"].append([2, 0]), "pass 2 is named"),
    "product beyond": (
        lambda t: t["event_chunks"][0]["events"].append([1, 2]),
        "product 2 is named",
    ),
    "passes out of order": (
        lambda t: t["event_chunks"][0].update(events=[[1, 0], [1, 1], [0, 0], [0, 1]]),
        "a pass comes after a later one",
    ),
    "event of three": (
        lambda t: t["event_chunks"][0]["events"].append([1, 1, 1]),
        "event_chunks.0.events.4",
    ),
    "event not stored": (
        lambda t: t["event_chunks"][0]["events"].append([1, 0]),
        "tensor '4.activations' is missing",
    ),
    "product of another k": (
        lambda t: t["event_chunks"][0].update(events=[[0, 1]]),
        "must be I8 of any x 4",
    ),
    "too many tokens": (lambda t: t["passes"][0].update(m=2), "has 3 tokens, its pass has 2"),
    "scale nan": (lambda t: t["matrices"][0].update(scale=float("nan")), "NaN is not a JSON"),
    "scale infinite": (lambda t: t["matrices"][0].update(scale=float("inf")), "Infinity"),
    "scale zero": (lambda t: t["matrices"][0].update(scale=0), "matrices.0.scale = 0"),
    "scale negative": (lambda t: t["matrices"][0].update(scale=-1.0), "matrices.0.scale = -1.0"),
    "matrix of 10^30 columns": (
        lambda t: [t["matrices"][i].update(k=10**30) for i in (0, 1)],
        "must be U8 of 2 x 25",
    ),
    "matrix of 10^400 rows": (
        lambda t: t["matrices"][0].update(n=10**400),
        "must be U8 of 1000",
    ),
    "matrix of another shape": (
        lambda t: [t["matrices"][i].update(k=6) for i in (0, 1)],
        "matrix model.layers.0.self_attn.q_proj: digest is",
    ),
    "digest not hex": (lambda t: t["matrices"][0].update(digest="../x"), "matrices.0.digest"),
    "digest of nothing": (lambda t: t["matrices"][0].update(digest="0" * 64), "is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_manifest_is_not_believed_because_its_checksum_holds(recorded, resign, name):
    edit, expected = FORGED[name]
    resign(recorded, edit)
    assert expected in refusal(recorded)


def test_a_link_is_not_followed(recorded, tmp_path):
    for name in FILES:
        file = recorded / name
        elsewhere = tmp_path / "elsewhere"
        file.rename(elsewhere)
        file.symlink_to(elsewhere)
        assert f"{name}: is a link; a trace holds its own files" in refusal(recorded)
        file.unlink()
        elsewhere.rename(file)
    assert load_trace(recorded).info()["events"] == 4


def test_a_pipe_in_place_of_a_chunk_is_refused_and_not_waited_for(recorded):
    file = recorded / FILES[2]
    file.unlink()
    os.mkfifo(file)
    assert FILES[2] in refusal(recorded)


def changed_tensors(path: Path, **changes: np.ndarray) -> None:
    opened = open_tensors(path)
    tensors = {name: opened.tensor(name).copy() for name in opened.names}
    write_tensors(path, tensors | changes)


@pytest.mark.parametrize(
    ("tensor", "values", "expected"),
    [
        ("0.scales", np.array([1, np.nan, 1], np.float32), "must be finite and positive"),
        ("0.scales", np.array([1, 0, 1], np.float32), "must be finite and positive"),
        ("0.scales", np.array([1, np.inf, 1], np.float32), "must be finite and positive"),
        ("0.scales", np.ones(2, np.float32), "must be F32 of 3"),
        ("0.scales", np.ones(3, np.float64), "is F64 of [3], must be F32 of 3"),
        ("0.activations", np.zeros((3, 6), np.int8), "must be I8 of any x 5"),
        ("0.activations", np.zeros((3, 5), np.uint8), "is U8 of [3, 5], must be I8"),
        ("0.activations", np.zeros(15, np.int8), "must be I8 of any x 5"),
        ("0.activations", np.zeros((0, 5), np.int8), "event 0 has 0 tokens"),
    ],
)  # fmt: skip
def test_tensors_of_a_forged_chunk_are_checked(recorded, resign, tensor, values, expected):
    changed_tensors(recorded / FILES[2], **{tensor: values})
    resign(recorded, lambda table: None)
    assert expected in refusal(recorded)


def forge_matrix(path: Path, resign, byte: int, place: int) -> None:
    """One byte of q_proj changed, and every digest made to fit."""
    opened = open_tensors(path / FILES[1])
    digest = load_trace(path).manifest.matrices[0].digest
    packed = opened.tensor(digest).copy()
    packed[0, place] = byte
    forged = hashlib.sha256(b"ternary 2 5\n" + packed.tobytes()).hexdigest()
    tensors = {name: opened.tensor(name).copy() for name in opened.names if name != digest}
    write_tensors(path / FILES[1], tensors | {forged: packed})
    resign(path, lambda table: table["matrices"][0].update(digest=forged))


def test_the_reserved_code_is_refused_and_so_are_weights_beyond_k(recorded, resign):
    forge_matrix(recorded, resign, 0b01_01_01_10, place=1)
    assert load_trace(recorded).info()["events"] == 4  # weight 1, and three places of padding
    forge_matrix(recorded, resign, 0b01_01_01_11, place=1)
    assert "q_proj: has a reserved 2-bit code" in refusal(recorded)
    forge_matrix(recorded, resign, 0b01_01_10_01, place=1)
    assert "q_proj: has a reserved 2-bit code" in refusal(recorded)
    forge_matrix(recorded, resign, 0b11_01_01_01, place=0)
    assert "q_proj: has a reserved 2-bit code" in refusal(recorded)
