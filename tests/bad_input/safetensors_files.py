"""model.safetensors with a header that claims what is not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from bitsim.files.tensorheader import MAX_HEADER_BYTES
from tests.bad_input.bad_file import BadFile
from tests.bad_input.good_checkpoint import (
    COMMANDS,
    NORM,
    good_folder,
    parts,
    safetensors,
    tensors,
)

FILE = "model.safetensors"
GIB = 1 << 30
Fault = tuple[str, bytes, str]  # a sentence, the file, what must be said of it


def bad_safetensors() -> Iterator[BadFile]:
    """All of them."""
    faults = [(*fault, 0) for fault in (*_lengths(), *_headers(), *_tensors(), *_names())]
    argv = cycle(COMMANDS)
    for name, content, says, size in (*faults, *_sparse()):
        sizes = {FILE: size} if size else {}
        files = good_folder() | {FILE: content}
        yield BadFile("safetensors", name, files, FILE, next(argv), says, sizes)


def _lengths() -> Iterator[Fault]:
    header, data = parts(tensors())
    good = safetensors(header, data)
    for size in (0, 4, 7):
        yield f"the file is cut to {size} bytes", good[:size], "shorter than the 8 bytes"
    for size in (8, 9, 100, len(good) - len(data) - 1):
        yield f"the file is cut to {size} bytes", good[:size], "header length = "
    no_data, says = good[: len(good) - len(data)], "must rise and stay in the 0 bytes of data"
    yield "the data is missing", no_data, says
    yield "the data is cut by a byte", good[:-1], "must rise and stay in"
    yield "a byte follows the data", good + b"\0", "1 bytes after the last tensor"
    for text, length in (
        ("2^64 - 1", 2**64 - 1),
        ("2^63", 2**63),
        ("2^32", 2**32),
        ("one byte longer than the file", len(good) - 7),
    ):
        content = safetensors(header, data, length)
        yield f"the header's length is {text}", content, f"header length = {length}"
    yield "the header's length is 0", safetensors(header, data, 0), "it must begin with '{'"
    yield "the header's length is 1", safetensors(header, data, 1), "the header is not plain JSON"
    large = b"{}" + b" " * (MAX_HEADER_BYTES - 1)
    yield "the header has 4 MB and a byte", safetensors(large, b""), "header length = 4000001"


def _headers() -> Iterator[Fault]:
    header, data = parts(tensors())
    not_json = "the header is not plain JSON"
    yield "the header is no JSON", safetensors(b"{]", data), not_json
    yield "the header is a list", safetensors([], data), "it must begin with '{'"
    yield "the header begins with a space", safetensors(b" {}", b""), "it must begin with '{'"
    yield "the header is pickled", safetensors(b"\x80\x04\x95", data), "byte 0 of the header"
    not_utf8 = safetensors(b'{"\xff":1}', data)
    yield "the header is not UTF-8", not_utf8, "byte 2 of the header is not UTF-8"
    half = safetensors(b'{"\\ud800":1}', data)
    yield "the header has half a character", half, "that is not a character"
    deep = safetensors(b'{"a":' + b"[" * 200_000, data)
    yield "the header is nested 200,000 deep", deep, "nested too deeply"
    wide = safetensors(b'{"a":[' + b"[]," * 1_300_000 + b"[]]}", b"")
    yield "the header has 1,300,001 lists", wide, "2600003 values, of at most 600000"
    many = safetensors(b"{" + b",".join(b'"%d":0' % n for n in range(300_000)) + b"}", b"")
    yield "the header has 300,000 tensors that are numbers", many, "tensor '0' = 0: must have"
    digits = safetensors(b'{"a":' + b"9" * 5000 + b"}", b"")
    yield "the header has a number of 5000 digits", digits, "Exceeds the limit"
    constant = safetensors(b'{"a":NaN}', b"")
    yield "the header has a NaN", constant, "NaN is not a JSON number"
    twice = json.dumps(header).replace("{", '{"model.norm.weight": 1, ', 1).encode()
    content = safetensors(twice, data)
    yield "a tensor is there twice", content, "key 'model.norm.weight' twice in one object"
    twice = json.dumps(header).replace('"dtype"', '"dtype": "U8", "dtype"', 1).encode()
    yield "a tensor has two dtypes", safetensors(twice, data), "key 'dtype' twice in one object"
    for text, metadata in (("numbers", {"a": 1}), ("a list", []), ("null", None)):
        content = safetensors({"__metadata__": metadata} | header, data)
        yield f"the metadata is {text}", content, "__metadata__ = "


def _tensors() -> Iterator[Fault]:
    header, data = parts(tensors())
    begin, end = header[NORM]["data_offsets"]

    def changed(**fields: Any) -> bytes:
        return safetensors(header | {NORM: header[NORM] | fields}, data)

    def shape(*lengths: Any) -> bytes:
        return changed(shape=list(lengths))

    def offsets(*bounds: Any) -> bytes:
        return changed(data_offsets=list(bounds))

    no_shape = {key: value for key, value in header[NORM].items() if key != "shape"}
    content = safetensors(header | {NORM: no_shape}, data)
    yield "a tensor has no shape", content, "must have just dtype, shape and data_offsets"
    yield "a tensor has a fourth field", changed(strides=[2]), "must have just dtype, shape"
    yield "the dtype is F4", changed(dtype="F4"), "dtype = 'F4': must be one of"
    yield "the dtype is null", changed(dtype=None), "dtype = None: must be one of"
    yield "the dtype is a list", changed(dtype=["BF16"]), "dtype = ['BF16']: must be one of"
    yield "the dtype is wider", changed(dtype="F32"), "shape [16] of F32 needs 64 bytes"
    yield "the dtype is narrower", changed(dtype="U8"), "shape [16] of U8 needs 16 bytes"
    yield "the shape is smaller than the bytes", shape(15), "shape [15] of BF16 needs 30 bytes"
    yield "the shape is negative", shape(-16), "shape = [-16]: must be at most 16 counts"
    yield "the shape is of floats", shape(16.0), "shape = [16.0]: "
    yield "the shape is of strings", shape("16"), "shape = ['16']: "
    yield "the shape is of true", shape(True, 16), "shape = [True, 16]: "
    yield "the shape is a number", changed(shape=16), "shape = 16: "
    yield "the shape is 2^40", shape(1 << 40), "shape [1099511627776] of BF16 needs"
    yield "the shape's product overflows", shape(1 << 32, 1 << 32), "its product is beyond"
    wraps = shape((1 << 62) + 4, 4)
    yield "the shape's product wraps to the right size", wraps, "its product is beyond"
    beside_0 = changed(shape=[1 << 62, 1 << 62, 0], data_offsets=[begin, begin])
    yield "the shape overflows beside a 0", beside_0, "its product is beyond"
    yield "the shape has 400 digits", shape(10**400), "shape = [1000"
    yield "the shape has 10,000 dimensions", shape(*[1] * 10_000), "at most 16 counts"
    yield "the offsets fall", offsets(end, begin), "must rise and stay in"
    yield "the offsets end at 2^62", offsets(begin, 1 << 62), "must rise and stay in"
    yield "the offsets end at 2^64", offsets(begin, 1 << 64), "must be two byte counts"
    yield "the offsets are negative", offsets(-1, end), "data_offsets = [-1, "
    yield "the offsets are three", offsets(begin, end, end), "must be two byte counts"
    overlap = changed(shape=[17], data_offsets=[begin - 2, end])
    yield "two tensors overlap", overlap, "an overlap"
    yield "two tensors are in one place", offsets(0, end - begin), "an overlap"
    hole = changed(shape=[15], data_offsets=[begin + 2, end])
    yield "there is a hole before a tensor", hole, "a hole before it"


def _names() -> Iterator[Fault]:
    header, data = parts(tensors())
    empty = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    for text, name in (
        ("empty", ""),
        ("ended by a NUL", "a\0"),
        ("of two lines", "a\nb"),
        ("a terminal's command", "\x1b[2J"),
        ("of 10,000 characters", "x" * 10_000),
    ):
        content = safetensors({name: empty} | header, data)
        yield f"a tensor's name is {text}", content, "a name has 1 to 512 printable characters"


def _sparse() -> Iterator[tuple[str, bytes, str, int]]:
    """Large files of zeros, which have the bytes that a header claims; and what must be said."""
    header, data = parts(tensors())
    good = safetensors(header, data)
    claim = (8 * GIB).to_bytes(8, "little")
    yield "the header has 8 GiB, all there", claim + b"{", "header length = 8589934592", 9 * GIB
    yield "8 GiB follow the data", good, "bytes after the last tensor", 8 * GIB
    whole = {"dtype": "U8", "shape": [8 * GIB], "data_offsets": [len(data), len(data) + 8 * GIB]}
    content = safetensors(header | {"x": whole}, data)
    size = len(content) + 8 * GIB
    yield "a tensor more has 8 GiB, all there", content, "tensor 'x' is none of this", size
    claim = {"dtype": "BF16", "shape": [4 * GIB], "data_offsets": [0, 8 * GIB]}
    content = safetensors({NORM: claim}, b"")
    says = "tensor 'model.embed_tokens.weight' is missing"
    yield "the only tensor has 8 GiB, all there", content, says, len(content) + 8 * GIB
