"""safetensors: good files as the safetensors library reads them, bad ones in one line."""

from __future__ import annotations

import json
import os
import resource
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bitsim.errors import BitsimError
from bitsim.files.tensorfile import open_tensors, write_tensors
from bitsim.files.tensorheader import MAX_HEADER_BYTES

NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=9)
ARRAYS = hnp.arrays(
    dtype=st.sampled_from(
        ["u1", "i1", "<u2", "<i2", "<f2", "<u4", "<i4", "<f4", "<u8", "<i8", "<f8"]
    ),
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
)
TENSORS = st.dictionaries(NAMES.filter(str.isprintable), ARRAYS, max_size=4)


def same(left: np.ndarray, right: np.ndarray) -> bool:
    alike = left.dtype == right.dtype and left.shape == right.shape
    return alike and left.tobytes() == right.tobytes()


@given(tensors=TENSORS, metadata=st.dictionaries(NAMES, NAMES, max_size=2))
@settings(max_examples=60)
def test_what_is_written_is_read_here_and_by_the_library(tmp_path_factory, tensors, metadata):
    path = tmp_path_factory.mktemp("written") / "t.safetensors"
    write_tensors(path, tensors, metadata)
    ours = open_tensors(path)
    theirs = safetensors.numpy.load_file(path)
    with safetensors.safe_open(path, "np") as opened:
        assert (opened.metadata() or {}) == metadata == ours.metadata
    assert set(ours.names) == set(theirs) == set(tensors)
    for name, values in tensors.items():
        assert same(ours.tensor(name), values)
        assert same(theirs[name], values)
        assert ours.shape(name) == values.shape


@given(tensors=TENSORS)
@settings(max_examples=60)
def test_what_the_library_writes_is_read(tmp_path_factory, tensors):
    path = tmp_path_factory.mktemp("theirs") / "t.safetensors"
    safetensors.numpy.save_file(tensors, path, {"made": "elsewhere"} if tensors else None)
    ours = open_tensors(path)
    assert sorted(ours.names) == sorted(tensors)
    assert all(same(ours.tensor(name), values) for name, values in tensors.items())


def test_bf16_is_written_from_uint16_and_read_as_uint16(tmp_path):
    path = tmp_path / "t.safetensors"
    bits = np.array([[0x3F80, 0xBF80, 0x7F80]], np.uint16)  # 1, -1, infinity
    write_tensors(path, {"a": bits, "b": bits}, bf16=["a"])
    opened = open_tensors(path)
    assert (opened.dtype("a"), opened.dtype("b")) == ("BF16", "U16")
    assert same(opened.tensor("a"), bits)
    header = path.read_bytes()[8:]
    assert json.JSONDecoder().raw_decode(header.decode("latin-1"))[0]["a"]["dtype"] == "BF16"


def test_a_tensor_is_a_view_that_cannot_be_written(tmp_path):
    path = tmp_path / "t.safetensors"
    write_tensors(path, {"a": np.arange(4, dtype=np.int32)})
    values = open_tensors(path).tensor("a")
    assert not values.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 1


def test_a_tensor_at_an_odd_address_is_aligned_and_cannot_be_written(tmp_path):
    path = tmp_path / "t.safetensors"
    write_tensors(path, {"odd": np.zeros(3, np.int8), "f": np.array([1.5, -2.0])})
    values = open_tensors(path).tensor("f")
    assert values.tolist() == [1.5, -2.0]
    assert values.flags.aligned
    assert not values.flags.writeable


def test_a_missing_tensor_is_named(tmp_path):
    path = tmp_path / "t.safetensors"
    write_tensors(path, {"a": np.zeros(1, np.int8)})
    with pytest.raises(BitsimError, match=r"t\.safetensors: tensor 'b' is missing"):
        open_tensors(path).shape("b")


def entry(**changes: object) -> dict[str, object]:
    return {"dtype": "U8", "shape": [2, 2], "data_offsets": [0, 4]} | changes


def raw(header: object, data: bytes = b"\1\2\3\4", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


BAD = {
    "no bytes": (b"", "0 bytes: shorter than the 8 bytes"),
    "seven bytes": (b"\0" * 7, "7 bytes: shorter than the 8 bytes"),
    "length beyond the file": (raw({}, length=100), "header length = 100: more than the 6 bytes"),
    "length of 2^64 - 1": (raw({}, length=2**64 - 1), f"header length = {2**64 - 1}"),
    "header of 4 MB and one byte": (
        raw(b"{}" + b" " * (MAX_HEADER_BYTES - 1)),
        f"header length = {MAX_HEADER_BYTES + 1}: more than the {MAX_HEADER_BYTES}",
    ),
    "not UTF-8": (raw(b'{"\xff": 1}'), "byte 2 of the header is not UTF-8"),
    "not JSON": (raw(b"{]"), "the header is not plain JSON"),
    "empty header": (raw(b""), "it must begin with '{'"),
    "a list": (raw([]), "it must begin with '{'"),
    "a space before": (raw(b" {}"), "it must begin with '{'"),
    "nested 100,000 deep": (raw(b'{"a":' + b"[" * 100_000), "nested too deeply"),
    "NaN": (raw(b'{"a": NaN}'), "NaN is not a JSON number"),
    "half a character": (raw(b'{"\\ud800": 1}'), "is not a character"),
    "duplicate tensor": (raw(b'{"a": 1, "a": 2}'), "key 'a' twice"),
    "duplicate field": (
        raw(b'{"a": {"dtype": "U8", "dtype": "I8", "shape": [4], "data_offsets": [0, 4]}}'),
        "key 'dtype' twice",
    ),
    "a tensor that is a number": (raw({"a": 1}), "tensor 'a' = 1: must have just"),
    "a field too few": (raw({"a": {"dtype": "U8", "shape": [4]}}), "must have just dtype, shape"),
    "a field too many": (raw({"a": entry(stride=[1])}), "must have just dtype, shape"),
    "unknown dtype": (raw({"a": entry(dtype="U9")}), "tensor 'a': dtype = 'U9': must be one of"),
    "dtype a number": (raw({"a": entry(dtype=8)}), "dtype = 8"),
    "dtype a list": (raw({"a": entry(dtype=["U8"])}), "dtype = ['U8']"),
    "shape a number": (raw({"a": entry(shape=4)}), "shape = 4"),
    "shape null": (raw({"a": entry(shape=None)}), "shape = None"),
    "negative dimension": (raw({"a": entry(shape=[-2, -2])}), "shape = [-2, -2]"),
    "dimension 4.0": (raw({"a": entry(shape=[4.0])}), "shape = [4.0]"),
    "dimension true": (raw({"a": entry(shape=[True, 4])}), "shape = [True, 4]"),
    "dimension a string": (raw({"a": entry(shape=["4"])}), "shape = ['4']"),
    "dimension of 2^63": (raw({"a": entry(shape=[2**63])}), f"shape = [{2**63}]"),
    "dimension of 400 digits": (raw({"a": entry(shape=[10**400])}), "shape = [1000"),
    "product past 2^64": (raw({"a": entry(shape=[2**32, 2**32])}), "product is beyond"),
    "product that wraps to 4": (raw({"a": entry(shape=[2**62 + 1, 4])}), "product is beyond"),
    "product past 2^64 beside a 0": (
        raw({"a": entry(shape=[0, 2**62, 2**62], data_offsets=[0, 0])}, b""),
        "product is beyond",
    ),
    "17 dimensions": (raw({"a": entry(shape=[1] * 17)}), "at most 16 counts"),
    "shape too small": (raw({"a": entry(shape=[3])}), "shape [3] of U8 needs 3 bytes"),
    "dtype too large": (raw({"a": entry(dtype="F32")}), "shape [2, 2] of F32 needs 16 bytes"),
    "one offset": (raw({"a": entry(data_offsets=[0])}), "data_offsets = [0]"),
    "three offsets": (raw({"a": entry(data_offsets=[0, 2, 4])}), "data_offsets = [0, 2, 4]"),
    "offsets falling": (raw({"a": entry(data_offsets=[4, 0])}), "must rise and stay in"),
    "offset negative": (raw({"a": entry(data_offsets=[-4, 0])}), "data_offsets = [-4, 0]"),
    "offset 4.0": (raw({"a": entry(data_offsets=[0, 4.0])}), "data_offsets = [0, 4.0]"),
    "offset true": (raw({"a": entry(data_offsets=[False, 4])}), "data_offsets = [False, 4]"),
    "offset of 2^62": (raw({"a": entry(data_offsets=[0, 2**62])}), "in the 4 bytes of data"),
    "one byte missing": (raw({"a": entry()}, b"\1\2\3"), "in the 3 bytes of data"),
    "one byte too many": (raw({"a": entry()}, b"\1\2\3\4\5"), "1 bytes after the last tensor"),
    "overlap": (
        raw({"a": entry(), "b": entry(shape=[2], data_offsets=[2, 4])}),
        "tensor 'b': data_offsets begin at 2, the tensor before ends at 4: an overlap",
    ),
    "twice the same bytes": (raw({"a": entry(), "b": entry()}), "an overlap"),
    "hole": (
        raw(
            {
                "a": entry(shape=[1], data_offsets=[0, 1]),
                "b": entry(shape=[2], data_offsets=[2, 4]),
            }
        ),
        "tensor 'b': data_offsets begin at 2, the tensor before ends at 1: a hole",
    ),
    "hole at the start": (raw({"a": entry(shape=[2], data_offsets=[2, 4])}), "a hole before it"),
    "metadata a list": (raw({"__metadata__": [], "a": entry()}), "must map strings to strings"),
    "metadata of numbers": (raw({"__metadata__": {"a": 1}}, b""), "must map strings to strings"),
    "empty name": (raw({"": entry()}), "tensor '': a name has 1 to 512"),
    "name with NUL": (raw({"a\0b": entry()}), "tensor 'a\\x00b': a name has"),
    "name with a line break": (raw({"a\nb": entry()}), "tensor 'a\\nb': a name has"),
    "name with an escape": (raw({"\x1b[31m": entry()}), "a name has 1 to 512 printable"),
    "name of 513": (raw({"x" * 513: entry()}), "not 513 of this kind"),
    "name of 10,000": (raw({"x" * 10_000: entry()}), "not 10000 of this kind"),
}  # fmt: skip


def refusal(path: Path) -> str:
    with pytest.raises(BitsimError) as caught:
        open_tensors(path)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 600
    return text


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_one_line_that_names_it(tmp_path, name):
    content, expected = BAD[name]
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    text = refusal(path)
    assert text.startswith(f"{path}: ")
    assert expected in text


def test_claims_are_refused_before_anything_is_allocated(tmp_path):
    path = tmp_path / "bad.safetensors"
    for header in (
        {"a": entry(shape=[2**40])},
        {"a": entry(shape=[2**40], data_offsets=[0, 2**40])},
    ):
        path.write_bytes(raw(header))
        tracemalloc.start()
        refusal(path)
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak_bytes < 1_000_000


def test_a_path_that_is_no_file_is_refused(tmp_path):
    assert refusal(tmp_path / "none").endswith("no such file; check the path")
    assert refusal(tmp_path).endswith("is a folder; name a safetensors file")
    assert "cannot be read" in refusal(Path("a\0b"))
    assert "cannot be read" in refusal(Path("x" * 10_000))
    assert "is not a file with a size" in refusal(Path("/dev/zero"))
    os.mkfifo(tmp_path / "pipe")
    assert "is not a file with a size" in refusal(tmp_path / "pipe")


def test_a_file_without_permission_is_refused(tmp_path, monkeypatch):
    def forbidden(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    assert "cannot be read (Permission denied)" in refusal(tmp_path / "t")


SMALL = raw(
    {
        "__metadata__": {"k": "v"},
        "a": entry(),
        "b": entry(dtype="BF16", shape=[3], data_offsets=[4, 10]),
    },
    bytes(range(10)),
)


def test_a_file_cut_at_any_byte_is_refused(tmp_path):
    path = tmp_path / "cut.safetensors"
    for size in range(len(SMALL)):
        path.write_bytes(SMALL[:size])
        refusal(path)
    path.write_bytes(SMALL)
    assert open_tensors(path).names == ("a", "b")


def test_whatever_is_accepted_after_a_flipped_bit_the_library_reads_the_same(tmp_path):
    path = tmp_path / "flipped.safetensors"
    header_bits = 8 * (len(SMALL) - 10)
    accepted = 0
    for bit in range(header_bits):
        content = bytearray(SMALL)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        try:
            opened = open_tensors(path)
        except BitsimError:
            continue
        accepted += 1
        theirs = dict(safetensors.deserialize(bytes(content)))
        assert set(opened.names) == set(theirs)
        for name in opened.names:
            assert opened.tensor(name).tobytes() == bytes(theirs[name]["data"])
            assert list(opened.shape(name)) == theirs[name]["shape"]
            assert opened.dtype(name) == theirs[name]["dtype"]
    assert 0 < accepted < header_bits // 4  # names may change; little else may


def left_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_a_full_disk_leaves_what_was_there(tmp_path):
    path = tmp_path / "t.safetensors"
    write_tensors(path, {"old": np.zeros(1, np.int8)})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(
            BitsimError, match=r"t\.safetensors: cannot be written \(File too large"
        ):
            write_tensors(path, {"new": np.zeros(1_000_000, np.int8)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert left_in(tmp_path) == ["t.safetensors"]
    assert open_tensors(path).names == ("old",)


def test_an_interruption_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "t.safetensors"
    write_tensors(path, {"old": np.zeros(1, np.int8)})

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_tensors(path, {"new": np.zeros(9, np.int8)})
    assert left_in(tmp_path) == ["t.safetensors"]
    assert open_tensors(path).names == ("old",)


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    for path in (tmp_path / "none" / "t", Path("/proc/t"), Path("a\0b"), Path("x" * 10_000)):
        with pytest.raises(BitsimError, match="cannot be written") as caught:
            write_tensors(path, {"a": np.zeros(1, np.int8)})
        assert "\n" not in str(caught.value)


def test_another_file_is_replaced(tmp_path):
    path = tmp_path / "t.safetensors"
    path.write_bytes(b"something else")
    write_tensors(path, {"a": np.ones(2, np.int8)})
    assert open_tensors(path).tensor("a").tolist() == [1, 1]
    assert left_in(tmp_path) == ["t.safetensors"]
