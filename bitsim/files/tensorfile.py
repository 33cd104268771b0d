"""Tensors in files: safetensors, opened only when every claim of the header holds."""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError, reason, shown_path
from bitsim.files import pages, tensorheader
from bitsim.files.atomic import atomic_file
from bitsim.files.tensorheader import LENGTH_BYTES, MAX_HEADER_BYTES, TensorEntry

Promised = Mapping[str, tuple[str, tuple[int, ...]]]  # by name, safetensors' dtype and the shape


@dataclass(frozen=True, eq=False)
class TensorFile:
    """An opened safetensors file, mapped into memory: a tensor costs nothing until it is read."""

    path: Path
    metadata: dict[str, str]
    _entries: dict[str, TensorEntry]
    _data_start: int
    _map: mmap.mmap

    @property
    def names(self) -> tuple[str, ...]:
        """All tensors, in the order of their data."""
        return tuple(self._entries)

    @property
    def header_bytes(self) -> int:
        """Length of the JSON in front of the data."""
        return self._data_start - LENGTH_BYTES

    def path_of(self, name: str) -> Path:
        """The file that a tensor is in, or would be: this one."""
        return self.path

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor; `BitsimError` if there is none of this name."""
        return self._entry(name).shape

    def dtype(self, name: str) -> str:
        """safetensors' name of its type: "U8", "I8", "BF16", "F32", ..."""
        return self._entry(name).dtype

    def nbytes(self, name: str) -> int:
        """Bytes of a tensor."""
        entry = self._entry(name)
        return entry.end - entry.begin

    def tensor(self, name: str) -> NDArray[Any]:
        """Its values, read-only. BF16 comes as uint16, BOOL as uint8.

        A view of the file; a copy where its address in the file does not suit its type.
        """
        entry = self._entry(name)
        dtype = tensorheader.DTYPES[entry.dtype]
        values = np.frombuffer(
            self._map,
            dtype,
            count=(entry.end - entry.begin) // dtype.itemsize,
            offset=self._data_start + entry.begin,
        ).reshape(entry.shape)
        if not values.flags.aligned:
            values = values.copy()
            self.release(name)
            values.flags.writeable = False
        return values

    def release(self, name: str) -> None:
        """Give back the memory of a tensor's pages; views stay valid and read the file again."""
        entry = self._entry(name)
        pages.release(self._map, self._data_start + entry.begin, self._data_start + entry.end)

    def _entry(self, name: str) -> TensorEntry:
        try:
            return self._entries[name]
        except KeyError:
            raise BitsimError(
                f"{self.path}: tensor {name[:80]!r} is missing; use a file that has it"
            ) from None


def open_tensors(path: Path) -> TensorFile:
    """Open a safetensors file; any fault is one `BitsimError` that names file and tensor.

    Sizes are checked before anything is allocated; the file must not be shortened while open.
    """
    try:
        # Not blocking: a pipe in place of a file is refused below instead of waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        raise BitsimError(f"{shown_path(path)}: no such file; check the path") from None
    except (OSError, ValueError) as error:
        raise BitsimError(
            f"{shown_path(path)}: cannot be read ({reason(error)}); check the path"
        ) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "not a file with a size"
            raise BitsimError(f"{path}: is {what}; name a safetensors file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return _open(path, file, status.st_size)
    finally:
        os.close(descriptor)


def _open(path: Path, file: BinaryIO, file_bytes: int) -> TensorFile:
    length = file.read(LENGTH_BYTES)
    header_bytes = int.from_bytes(length, "little")
    if len(length) < LENGTH_BYTES:
        raise BitsimError(
            f"{path}: {file_bytes} bytes: shorter than the 8 bytes that begin a safetensors file; "
            f"write or download the file again"
        )
    for limit, what in (
        (file_bytes - LENGTH_BYTES, "bytes that follow"),
        (MAX_HEADER_BYTES, "bytes that a header may have"),
    ):
        if header_bytes > limit:
            raise BitsimError(
                f"{path}: header length = {header_bytes}: more than the {limit} {what}; "
                f"write or download the file again"
            )
    data_start = LENGTH_BYTES + header_bytes
    entries, metadata = tensorheader.decode(path, file.read(header_bytes), file_bytes - data_start)
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return TensorFile(path, metadata, entries, data_start, mapped)


def write_tensors(
    path: Path,
    tensors: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, str] | None = None,
    bf16: Collection[str] = (),
) -> None:
    """Write a safetensors file, whole or not at all.

    tensors  in the order that the file gets; arrays of DTYPES' numpy types
    bf16     names of uint16 arrays that hold the bits of BF16
    """
    promised = {
        name: ("BF16" if name in bf16 else tensorheader.dtype_name(values.dtype), values.shape)
        for name, values in tensors.items()
    }
    stream_tensors(path, promised, tensors.items(), metadata)


def stream_tensors(
    path: Path,
    promised: Promised,
    tensors: Iterable[tuple[str, NDArray[Any]]],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a safetensors file, whole or not at all, holding one tensor at a time.

    promised  what will come, for the header, which is in front of the data
    tensors   names and arrays just as promised and in that order; BF16 as uint16
    """
    entries = _lay_out(promised)
    order = iter(entries.items())
    with atomic_file(path) as file:
        file.write(tensorheader.encode(entries, metadata or {}))
        for name, values in tensors:
            expected, entry = next(order, ("nothing", None))
            assert name == expected, f"{name} came in place of {expected}"
            assert entry is not None, f"{name} came after all that was promised"
            assert values.shape == entry.shape, f"{name}: {values.shape}, not {entry.shape}"
            dtype = tensorheader.DTYPES[entry.dtype]
            assert np.dtype(values.dtype).newbyteorder("<") == dtype, f"{name}: {values.dtype}"
            kept = np.ascontiguousarray(values, dtype)
            file.write(kept.reshape(-1).view(np.uint8).data)
        missing = next(order, None)
        assert missing is None, f"{missing} never came"


def file_bytes(promised: Promised, metadata: Mapping[str, str] | None = None) -> int:
    """Size of the file that `stream_tensors` writes."""
    entries = _lay_out(promised)
    data_bytes = max((entry.end for entry in entries.values()), default=0)
    return len(tensorheader.encode(entries, metadata or {})) + data_bytes


def _lay_out(promised: Promised) -> dict[str, TensorEntry]:
    entries: dict[str, TensorEntry] = {}
    begin = 0
    for name, (dtype, shape) in promised.items():
        end = begin + prod(shape) * tensorheader.DTYPES[dtype].itemsize
        entries[name] = TensorEntry(dtype, shape, begin, end)
        begin = end
    return entries
