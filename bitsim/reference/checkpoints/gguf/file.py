"""A GGUF file, opened only when its whole header has been checked, and mapped into memory."""

from __future__ import annotations

import mmap
import os
import stat
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError, reason, shown
from bitsim.files import pages
from bitsim.reference.checkpoints.gguf.header import (
    BOOL,
    FIXED_BYTES,
    SCALARS,
    STRING,
    HeaderReader,
    KeyValue,
    TensorInfo,
    file_fault,
)

MAX_TEXT_BYTES = 1 << 20
MAX_LIST_BYTES = 16 << 20  # of the strings of an array; LLaMA 3's merges have 3.6 MB
MAX_ALIGNMENT = 1 << 16
DEFAULT_ALIGNMENT = 32


@dataclass(frozen=True, eq=False)
class GgufFile:
    """An opened file, mapped into memory: a tensor costs nothing until it is read."""

    path: Path
    keys: dict[str, KeyValue]
    tensors: dict[str, TensorInfo]
    _map: mmap.mmap

    def fault(self, text: str) -> BitsimError:
        """A fault of this file."""
        return file_fault(self.path, text)

    def integer(self, key: str) -> int | None:
        """An integer of any width; None if the key is not there."""
        value = self._scalar(key, "an integer", lambda name: name[0] in "ui")
        return None if value is None else int(value)

    def number(self, key: str) -> float | None:
        """A float; of an f32 the shortest decimal that names it, as 1e-5. None: not there."""
        value = self._scalar(key, "a float", lambda name: name[0] == "f")
        if value is None or self.keys[key].kind != 6:
            return value
        return float(str(np.float32(value)))

    def text(self, key: str) -> str | None:
        """A string; None if the key is not there."""
        value = self.keys.get(key)
        if value is None:
            return None
        if value.is_array or value.kind != STRING:
            raise self.fault(f"key {shown(key)} is not a string; write the file again")
        if value.count > MAX_TEXT_BYTES:
            raise self.fault(
                f"key {shown(key)} is a string of {value.count} bytes, more than the "
                f"{MAX_TEXT_BYTES} that are read; shorten it"
            )
        raw = self._map[value.begin : value.begin + value.count]
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise self.fault(f"key {shown(key)} is not UTF-8; write the file again") from None

    def strings(self, key: str) -> list[str] | None:
        """An array of strings, of bounded length all together; None if the key is not there."""
        value = self.keys.get(key)
        if value is None:
            return None
        if not value.is_array or value.kind != STRING:
            raise self.fault(f"key {shown(key)} is not an array of strings; write the file again")
        texts, at, left = [], value.begin, MAX_LIST_BYTES
        for index in range(value.count):
            (length,) = struct.unpack_from("<Q", self._map, at)
            at += 8
            left -= length
            if left < 0:
                raise self.fault(
                    f"key {shown(key)} has more than the {MAX_LIST_BYTES} bytes of text that are "
                    f"read; use a sound file"
                )
            try:
                texts.append(self._map[at : at + length].decode())
            except UnicodeDecodeError:
                raise self.fault(
                    f"key {shown(key)}: string {index} is not UTF-8; write the file again"
                ) from None
            at += length
        return texts

    def integers(self, key: str) -> NDArray[Any] | None:
        """An array of integers of any width, read-only; None if the key is not there."""
        value = self.keys.get(key)
        if value is None:
            return None
        if not value.is_array or SCALARS.get(value.kind, ("", ""))[0][:1] not in ("u", "i"):
            raise self.fault(f"key {shown(key)} is not an array of integers; write the file again")
        kind = np.dtype(SCALARS[value.kind][1])
        return np.frombuffer(self._map, kind, count=value.count, offset=value.begin)

    def flag(self, key: str) -> bool | None:
        """A bool; None if the key is not there."""
        value = self._scalar(key, "a bool", lambda name: name == "bool")
        return None if value is None else bool(value)

    def value(self, key: str) -> str | bool | np.generic | list[str] | NDArray[Any]:
        """The value of a key that is there, of whatever type it has."""
        value = self.keys[key]
        if value.kind == STRING:
            found = self.strings(key) if value.is_array else self.text(key)
            assert found is not None, "checked by who asks"
            return found
        kind = np.dtype(np.bool) if value.kind == BOOL else np.dtype(SCALARS[value.kind][1])
        values = np.frombuffer(self._map, kind, count=value.count, offset=value.begin)
        if value.is_array:
            return values
        return bool(values[0]) if value.kind == BOOL else values[0]

    def tensor_bytes(self, name: str) -> NDArray[np.uint8]:
        """All bytes of a tensor, read-only, a view of the file."""
        info = self.tensors[name]
        return np.frombuffer(self._map, np.uint8, count=info.bytes, offset=info.begin)

    def release(self, name: str) -> None:
        """Give back the memory of a tensor's pages; views stay valid and read the file again."""
        info = self.tensors[name]
        pages.release(self._map, info.begin, info.begin + info.bytes)

    def _scalar(self, key: str, what: str, fits: Callable[[str], bool]) -> Any:
        value = self.keys.get(key)
        if value is None:
            return None
        if value.is_array or value.kind not in SCALARS or not fits(SCALARS[value.kind][0]):
            raise self.fault(f"key {shown(key)} is not {what}; write the file again")
        return struct.unpack_from(SCALARS[value.kind][1], self._map, value.begin)[0]


def open_gguf(path: Path) -> GgufFile:
    """Open a GGUF file of version 2 or 3; any fault is one `BitsimError` of one line.

    Counts are checked against the bytes that are left before anything is made; the file must not
    be shortened while open.
    """
    try:
        # Not blocking: a pipe in place of a file is refused below instead of waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        raise file_fault(path, "no such file; check the path") from None
    except (OSError, ValueError) as error:
        raise file_fault(path, f"cannot be read ({reason(error)}); check the path") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise file_fault(path, "is not a file with a size; name a GGUF file")
        if status.st_size < FIXED_BYTES:
            raise file_fault(
                path,
                f"{status.st_size} bytes: shorter than the {FIXED_BYTES} that begin a GGUF file; "
                f"write or download the file again",
            )
        mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    finally:
        os.close(descriptor)
    reader = HeaderReader(path, mapped)
    tensor_count, key_count = reader.counts()
    keys = reader.key_values(key_count)
    file = GgufFile(path, keys, {}, mapped)
    alignment = _alignment(file)
    file.tensors.update(reader.tensors(tensor_count, alignment))
    return file


def _alignment(file: GgufFile) -> int:
    alignment = file.integer("general.alignment")
    if alignment is None:
        return DEFAULT_ALIGNMENT
    if not 8 <= alignment <= MAX_ALIGNMENT or alignment & (alignment - 1):
        raise file.fault(
            f"key 'general.alignment' is {alignment}; it must be a power of two of 8 to "
            f"{MAX_ALIGNMENT}: write the file again"
        )
    return alignment
