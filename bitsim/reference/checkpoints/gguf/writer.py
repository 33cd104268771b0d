"""Writes GGUF files of version 3, tensor after tensor.

Layout: github.com/ggml-org/ggml, docs/gguf.md; types: `bitsim.reference.checkpoints.gguf.header`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.files.atomic import atomic_file
from bitsim.reference.checkpoints.gguf.header import ARRAY, BOOL, MAGIC, SCALARS, STRING, TYPES
from bitsim.units import ceil_div

VERSION = 3
ALIGNMENT = 32  # GGUF's default
KINDS = {name: kind for kind, (name, _) in SCALARS.items()}
TYPE_IDS = {each.name: number for number, each in TYPES.items()}

# How a key's value is stored follows from its Python type: a numpy scalar or array as its own
# type, True and False as bool.
Value = str | bool | np.generic | list[str] | NDArray[Any]


@dataclass(frozen=True)
class PromisedTensor:
    """`kind` is a name of TYPES; `shape` has the rows first, as numpy has it."""

    kind: str
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of the tensor, without the padding after it."""
        kind = TYPES[TYPE_IDS[self.kind]]
        values = prod(self.shape)
        assert values % kind.block == 0, f"{self.shape}: not whole blocks of {self.kind}"
        return values // kind.block * kind.block_bytes + kind.tail_bytes


@dataclass(frozen=True)
class GgufPlan:
    """What will be written, known before anything is written."""

    path: Path
    keys: Mapping[str, Value]
    promised: Mapping[str, PromisedTensor]

    @property
    def tensor_bytes(self) -> int:
        """Of all tensors, with the padding between them."""
        return sum(_padded(each.nbytes) for each in self.promised.values())

    @property
    def total_bytes(self) -> int:
        """Of the file."""
        return len(self.header()) + self.tensor_bytes

    def header(self) -> bytes:
        """All that is in front of the tensors."""
        parts = [struct.pack("<4sIQQ", MAGIC, VERSION, len(self.promised), len(self.keys))]
        for key, value in self.keys.items():
            parts += [_string(key), _value(value)]
        offset = 0
        for name, tensor in self.promised.items():
            lengths = tensor.shape[::-1]
            kind = TYPE_IDS[tensor.kind]
            form = f"<I{len(lengths)}QIQ"
            parts += [_string(name), struct.pack(form, len(lengths), *lengths, kind, offset)]
            offset += _padded(tensor.nbytes)
        raw = b"".join(parts)
        return raw + bytes(_padded(len(raw)) - len(raw))


def write_gguf(plan: GgufPlan, tensors: Iterable[tuple[str, Iterable[NDArray[np.uint8]]]]) -> None:
    """Write the file, whole or not at all.

    tensors  as promised, in that order, each as pieces of bytes: one piece at a time is held
    """
    order = iter(plan.promised.items())
    with atomic_file(plan.path) as file:
        file.write(plan.header())
        for name, pieces in tensors:
            expected, promise = next(order, ("nothing", None))
            assert name == expected, f"{name} came in place of {expected}"
            assert promise is not None, f"{name} came after all that was promised"
            written = 0
            for piece in pieces:
                assert piece.dtype == np.uint8
                assert piece.flags.c_contiguous
                file.write(piece.data)
                written += piece.size
            assert written == promise.nbytes, f"{name}: {written} bytes, not {promise.nbytes}"
            file.write(bytes(_padded(written) - written))
        missing = next(order, None)
        assert missing is None, f"{missing} never came"


def _padded(size: int) -> int:
    return ceil_div(size, ALIGNMENT) * ALIGNMENT


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _value(value: Value) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", STRING) + _string(value)
    if isinstance(value, bool):
        return struct.pack("<IB", BOOL, value)
    if isinstance(value, list):
        return struct.pack("<IIQ", ARRAY, STRING, len(value)) + b"".join(map(_string, value))
    kind = KINDS[_scalar_name(value.dtype)]
    raw = np.ascontiguousarray(value, value.dtype.newbyteorder("<")).tobytes()
    if isinstance(value, np.ndarray):
        return struct.pack("<IIQ", ARRAY, kind, value.size) + raw
    return struct.pack("<I", kind) + raw


def _scalar_name(dtype: np.dtype[Any]) -> str:
    return "bool" if dtype.kind == "b" else f"{dtype.kind}{8 * dtype.itemsize}"
