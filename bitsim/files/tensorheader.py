"""The header of a safetensors file: every claim in it checked against the bytes that are there.

Layout: 8 bytes little-endian header length, a JSON object, the tensors' bytes without gaps.
Source: github.com/huggingface/safetensors, README "Format".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from bitsim.errors import BitsimError, shown, shown_path
from bitsim.files import strict_json

LENGTH_BYTES = 8
MAX_HEADER_BYTES = 4_000_000  # the 2B model's 542 tensors need 0.07 MB; bounds the parsing
MAX_HEADER_VALUES = 600_000  # the smallest entries, as many as fit, have 560,000
MAX_NAME_LENGTH = 512
MAX_DIMENSIONS = 16
MAX_VALUES = 1 << 59  # times the 8 bytes of the widest type fits numpy's sizes, also beside a 0

DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.uint8),
    "U8": np.dtype(np.uint8),
    "I8": np.dtype(np.int8),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "F32": np.dtype("<f4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F64": np.dtype("<f8"),
}
METADATA = "__metadata__"


@dataclass(frozen=True)
class TensorEntry:
    """Where one tensor lies: bytes [begin, end) of the data, which starts after the header."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def dtype_name(dtype: DTypeLike) -> str:
    """safetensors' name of a numpy dtype; BF16 has none in numpy."""
    names = {kept: name for name, kept in DTYPES.items() if name not in ("BOOL", "BF16")}
    return names[np.dtype(dtype).newbyteorder("<")]


def encode(entries: Mapping[str, TensorEntry], metadata: Mapping[str, str]) -> bytes:
    """Length and header, padded with spaces so that the data begins at a multiple of 8 bytes."""
    table: dict[str, Any] = {METADATA: dict(metadata)} if metadata else {}
    for name, entry in entries.items():
        table[name] = {
            "dtype": entry.dtype,
            "shape": list(entry.shape),
            "data_offsets": [entry.begin, entry.end],
        }
    text = json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % LENGTH_BYTES)
    assert len(text) <= MAX_HEADER_BYTES, "more tensors than one file takes"
    return len(text).to_bytes(LENGTH_BYTES, "little") + text


def decode(
    path: Path, header: bytes, data_bytes: int
) -> tuple[dict[str, TensorEntry], dict[str, str]]:
    """Entries in the order of their data, and metadata, or one `BitsimError`.

    path        for the error's text
    header      the JSON, without the 8 bytes of its length
    data_bytes  bytes that the file holds after the header
    """
    table = _table(path, header)
    metadata = table.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _fault(path, f"{METADATA} = {shown(metadata)}: must map strings to strings")
    entries = {name: _entry(path, name, each, data_bytes) for name, each in table.items()}
    ordered = sorted(entries.items(), key=lambda item: (item[1].begin, item[1].end))
    end = 0
    for name, entry in ordered:
        if entry.begin != end:
            what = "a hole before it" if entry.begin > end else "an overlap"
            raise _fault(
                path,
                f"tensor {shown(name)}: data_offsets begin at {entry.begin}, the tensor before "
                f"ends at {end}: {what}",
            )
        end = entry.end
    if end != data_bytes:
        raise _fault(path, f"{data_bytes - end} bytes after the last tensor")
    return dict(ordered), metadata


def _table(path: Path, header: bytes) -> dict[str, Any]:
    try:
        text = header.decode("utf-8")
        if not text.startswith("{"):
            raise ValueError("it must begin with '{'")
        table = strict_json.parse(text, MAX_HEADER_VALUES)
    except UnicodeDecodeError as error:
        raise _fault(path, f"byte {error.start} of the header is not UTF-8") from None
    except ValueError as error:
        raise _fault(path, f"the header is not plain JSON: {error}") from None
    assert isinstance(table, dict)
    return table


def _entry(path: Path, name: str, claim: Any, data_bytes: int) -> TensorEntry:
    where = f"tensor {shown(name)}"
    if not name.isprintable() or not 1 <= len(name) <= MAX_NAME_LENGTH:
        raise _fault(
            path,
            f"{where}: a name has 1 to {MAX_NAME_LENGTH} printable characters, not {len(name)} "
            f"of this kind",
        )
    if not isinstance(claim, dict) or set(claim) != {"dtype", "shape", "data_offsets"}:
        raise _fault(
            path, f"{where} = {shown(claim)}: must have just dtype, shape and data_offsets"
        )
    dtype, shape, offsets = claim["dtype"], claim["shape"], claim["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise _fault(path, f"{where}: dtype = {shown(dtype)}: must be one of {', '.join(DTYPES)}")
    if not _counts(shape) or len(shape) > MAX_DIMENSIONS:
        raise _fault(
            path, f"{where}: shape = {shown(shape)}: must be at most {MAX_DIMENSIONS} counts"
        )
    if not _counts(offsets) or len(offsets) != 2:
        raise _fault(path, f"{where}: data_offsets = {shown(offsets)}: must be two byte counts")
    begin, end = offsets
    if not begin <= end <= data_bytes:
        raise _fault(
            path,
            f"{where}: data_offsets = {shown(offsets)}: must rise and stay in the {data_bytes} "
            f"bytes of data",
        )
    size = prod(shape) * DTYPES[dtype].itemsize
    if prod(max(count, 1) for count in shape) >= MAX_VALUES:
        raise _fault(path, f"{where}: shape = {shown(shape)}: its product is beyond 2^59")
    if size != end - begin:
        raise _fault(
            path,
            f"{where}: shape {shown(shape)} of {dtype} needs {shown(size)} bytes, data_offsets "
            f"give {end - begin}",
        )
    return TensorEntry(dtype, tuple(shape), begin, end)


def _counts(values: Any) -> bool:
    """Whether it is a list of integers of 0 to 2^63 - 1; true and 1.0 are none."""
    return isinstance(values, list) and all(
        type(value) is int and 0 <= value < 1 << 63 for value in values
    )


def _fault(path: Path, text: str) -> BitsimError:
    return BitsimError(f"{shown_path(path)}: {text}; write or download the file again")
