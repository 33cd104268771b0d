"""The header of a GGUF file: every claim in it checked against the bytes that are there.

Layout: magic, version, counts, key/values, tensor infos, padding, tensors. Source:
github.com/ggml-org/ggml, docs/gguf.md; types and their sizes: ggml.h and ggml-common.h, and for
I2_S microsoft/BitNet, src/ggml-bitnet-mad.cpp.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from bitsim.errors import BitsimError, shown, shown_path
from bitsim.units import ceil_div

MAGIC = b"GGUF"
VERSIONS = (2, 3)
FIXED_BYTES = 24  # magic, version, count of tensors, count of key/values
MAX_KEY_VALUES = 1 << 14  # the 2B model has about 30
MAX_TENSORS = 1 << 14  # 512 layers of 18 tensors, and three more
MAX_NAME_BYTES = 512
MAX_ELEMENTS = 1 << 21  # strings and bools of all arrays; LLaMA 3's tokenizer has 408,403
MAX_DIMENSIONS = 4
STRING, ARRAY, BOOL = 8, 9, 7

SCALARS = {  # by type id: its name and its little-endian format
    0: ("u8", "<B"),
    1: ("i8", "<b"),
    2: ("u16", "<H"),
    3: ("i16", "<h"),
    4: ("u32", "<I"),
    5: ("i32", "<i"),
    6: ("f32", "<f"),
    BOOL: ("bool", "<B"),
    10: ("u64", "<Q"),
    11: ("i64", "<q"),
    12: ("f64", "<d"),
}


@dataclass(frozen=True)
class TensorType:
    """How values are stored: `block` values in `block_bytes`, and `tail_bytes` once a tensor."""

    name: str
    block: int
    block_bytes: int
    tail_bytes: int = 0


TYPES = {
    0: TensorType("F32", 1, 4),
    1: TensorType("F16", 1, 2),
    8: TensorType("Q8_0", 32, 34),
    14: TensorType("Q6_K", 256, 210),
    30: TensorType("BF16", 1, 2),
    34: TensorType("TQ1_0", 256, 54),
    35: TensorType("TQ2_0", 256, 66),
    36: TensorType("I2_S", 128, 32, tail_bytes=32),
}


@dataclass(frozen=True)
class KeyValue:
    """Where a value lies; an array has `count` elements of type `kind`."""

    kind: int
    is_array: bool
    count: int
    begin: int


@dataclass(frozen=True)
class TensorInfo:
    """`shape` has the rows first, as numpy has it; `begin` counts from the start of the file."""

    type: TensorType
    shape: tuple[int, ...]
    begin: int
    bytes: int


class HeaderReader:
    """Goes through the header once; `at` never passes the end of the file."""

    def __init__(self, path: Path, mapped: mmap.mmap) -> None:
        self.path = path
        self.map = mapped
        self.end = len(mapped)
        self.at = 0
        self.looked_at = 0  # elements of arrays that are read one by one

    def counts(self) -> tuple[int, int]:
        """Tensors and key/values."""
        magic, version, tensors, keys = struct.unpack_from("<4sIQQ", self.map)
        self.at = FIXED_BYTES
        if magic != MAGIC:
            raise file_fault(self.path, f"begins with {magic!r}, not {MAGIC!r}; name a GGUF file")
        if version not in VERSIONS:
            raise file_fault(
                self.path,
                f"version = {version}: versions 2 and 3, little-endian, are read; convert the file",
            )
        # The least that one takes: empty name, type and a byte; name, one dimension, type, offset.
        self._fit("key/value count", keys, 8 + 4 + 1, MAX_KEY_VALUES)
        self._fit("tensor count", tensors, 8 + 4 + 8 + 4 + 8, MAX_TENSORS)
        return tensors, keys

    def key_values(self, count: int) -> dict[str, KeyValue]:
        """All keys, with the place of their values."""
        keys: dict[str, KeyValue] = {}
        for index in range(count):
            key = self._name(f"key {index}")
            if key in keys:
                raise file_fault(
                    self.path, f"key {shown(key)} is there twice; write the file again"
                )
            keys[key] = self._value(f"key {shown(key)}")
        return keys

    def tensors(self, count: int, alignment: int) -> dict[str, TensorInfo]:
        """All tensors in the order of their data, which has no gaps but padding."""
        found: dict[str, tuple[TensorType, tuple[int, ...], int, int]] = {}
        for index in range(count):
            name = self._name(f"tensor {index}")
            if name in found:
                raise file_fault(self.path, f"tensor {shown(name)} is there twice; write it once")
            found[name] = self._tensor(f"tensor {shown(name)}")
        start = ceil_div(self.at, alignment) * alignment
        expected = 0
        infos: dict[str, TensorInfo] = {}
        for name, (kind, shape, offset, size) in sorted(found.items(), key=lambda one: one[1][2]):
            where = f"tensor {shown(name)}"
            if offset != expected:
                raise file_fault(
                    self.path,
                    f"{where} has offset {offset}, the tensors before it end at {expected}; "
                    f"write the file again",
                )
            if start + offset + size > self.end:
                raise file_fault(
                    self.path,
                    f"{where} ends at byte {start + offset + size} of a file of {self.end}; "
                    f"write or download the file again",
                )
            infos[name] = TensorInfo(kind, shape, start + offset, size)
            expected = ceil_div(offset + size, alignment) * alignment
        if found and self.end > start + expected:
            raise file_fault(
                self.path,
                f"{self.end - start - expected} bytes follow the last tensor; "
                f"write or download the file again",
            )
        return infos

    def _tensor(self, where: str) -> tuple[TensorType, tuple[int, ...], int, int]:
        dimensions = self._scalar(where, "<I")
        if not 1 <= dimensions <= MAX_DIMENSIONS:
            raise file_fault(
                self.path,
                f"{where} has {dimensions} dimensions; 1 to {MAX_DIMENSIONS} are read: "
                f"write the file again",
            )
        lengths = [self._scalar(where, "<Q") for _ in range(dimensions)]
        kind_id, offset = self._scalar(where, "<I"), self._scalar(where, "<Q")
        kind = TYPES.get(kind_id)
        if kind is None:
            known = ", ".join(each.name for each in TYPES.values())
            raise file_fault(
                self.path, f"{where} has type {kind_id}; {known} are read: convert the file"
            )
        values = prod(lengths)  # of Python's integers: nothing wraps
        whole = values if kind.tail_bytes else lengths[0]  # I2_S has blocks of the whole tensor
        if not values or whole % kind.block:
            raise file_fault(
                self.path,
                f"{where} has dimensions {shown(lengths)}; {kind.name} needs them above 0 and "
                f"whole blocks of {kind.block}: write the file again",
            )
        size = values // kind.block * kind.block_bytes + kind.tail_bytes
        if size > self.end:
            raise file_fault(
                self.path,
                f"{where} with dimensions {shown(lengths)} needs {size} bytes, the file has "
                f"{self.end}; write or download the file again",
            )
        return kind, tuple(reversed(lengths)), offset, size

    def _value(self, where: str) -> KeyValue:
        kind = self._scalar(where, "<I")
        if kind == STRING:
            count = self._length(where)
            begin = self._skip(count)
            return KeyValue(STRING, False, count, begin)
        if kind in SCALARS:
            begin = self._values(where, kind, 1)
            return KeyValue(kind, False, 1, begin)
        if kind != ARRAY:
            raise file_fault(
                self.path, f"{where} has type {kind}; 0 to 12 are known: mend the file"
            )
        kind, count = self._scalar(where, "<I"), self._scalar(where, "<Q")
        if kind == STRING:
            self._fit(f"{where}: string count", count, 8, MAX_ELEMENTS - self.looked_at)
            self.looked_at += count
            begin = self.at
            for _ in range(count):
                self._skip(self._length(where))
            return KeyValue(STRING, True, count, begin)
        if kind not in SCALARS:
            what = "are arrays" if kind == ARRAY else f"have type {kind}"
            raise file_fault(
                self.path,
                f"{where} is an array whose elements {what}; no such key is read: remove it",
            )
        return KeyValue(kind, True, count, self._values(where, kind, count))

    def _values(self, where: str, kind: int, count: int) -> int:
        """Passes over `count` scalars of a type; returns where they begin."""
        name, form = SCALARS[kind]
        most = MAX_ELEMENTS - self.looked_at if kind == BOOL else self.end
        self._fit(f"{where}: {name} count", count, struct.calcsize(form), most)
        begin = self._skip(count * struct.calcsize(form))
        if kind == BOOL and count:
            self.looked_at += count
            values = np.frombuffer(self.map, np.uint8, count=count, offset=begin)
            if values.max() > 1:
                raise file_fault(self.path, f"{where} has a bool that is neither 0 nor 1; mend it")
        return begin

    def _name(self, where: str) -> str:
        length = self._length(where)
        if not 1 <= length <= MAX_NAME_BYTES:
            raise file_fault(
                self.path,
                f"{where} has a name of {length} bytes; 1 to {MAX_NAME_BYTES} are read: "
                f"write the file again",
            )
        begin = self._skip(length)
        try:
            return self.map[begin : self.at].decode()
        except UnicodeDecodeError:
            raise file_fault(self.path, f"{where}: its name is not UTF-8; mend the file") from None

    def _length(self, where: str) -> int:
        length = self._scalar(where, "<Q")
        self._fit(f"{where}: string length", length, 1, self.end)
        return length

    def _scalar(self, where: str, form: str) -> int:
        size = struct.calcsize(form)
        self._fit(where, 1, size, self.end)
        return struct.unpack_from(form, self.map, self._skip(size))[0]

    def _skip(self, size: int) -> int:
        begin = self.at
        self.at += size
        assert self.at <= self.end, "checked before"
        return begin

    def _fit(self, where: str, count: int, each_bytes: int, most: int) -> None:
        left = self.end - self.at
        if count * each_bytes > left:
            raise file_fault(
                self.path,
                f"{where}: {count} x {each_bytes} bytes or more, {left} bytes are left in the "
                f"file; write or download the file again",
            )
        if count > most:
            raise file_fault(
                self.path, f"{where}: {count}, at most {most} are read; use a sound file"
            )


def file_fault(path: Path, text: str) -> BitsimError:
    """A fault of a file, in one line."""
    return BitsimError(f"{shown_path(path)}: {text}")
