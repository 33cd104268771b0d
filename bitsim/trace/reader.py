"""Reading a trace: event by event, every checksum proved before its bytes are believed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim import arguments
from bitsim.errors import BitsimError, reason, shown_path
from bitsim.files.tensorfile import TensorFile, open_tensors
from bitsim.spec.network import NetworkSpec
from bitsim.spec.ternary import TernaryMatrix
from bitsim.trace import manifest
from bitsim.trace.event import Event
from bitsim.trace.manifest import Manifest, MatrixEntry, TracePass, WeightChunk
from bitsim.units import ceil_div


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """An opened trace. Its tensors stay in their files until an event asks for them."""

    path: Path
    manifest: Manifest

    def __repr__(self) -> str:
        return f"<Trace: {shown_path(self.path)}, {self.network.name}, {len(self.passes)} passes>"

    @property
    def network(self) -> NetworkSpec:
        """What was run."""
        return self.manifest.network

    @property
    def passes(self) -> tuple[TracePass, ...]:
        """The walks through the network, by `pass_index`."""
        return self.manifest.passes

    def events(self) -> Iterator[Event]:
        """All products in the order in which they ran; one chunk is mapped at a time."""
        number = 0
        for chunk in self.manifest.event_chunks:
            tensors = _open_chunk(self.path, chunk)
            for pass_index, product in chunk.events:
                yield self._event(number, pass_index, product, tensors)
                number += 1

    @cached_property
    def matrices(self) -> tuple[TernaryMatrix, ...]:
        """Every matrix, its codes mapped from the file and proved by their digest."""
        files = [_open_chunk(self.path, chunk) for chunk in self.manifest.weight_chunks]
        return tuple(_matrix(files[each.chunk], each) for each in self.manifest.matrices)

    def info(self) -> dict[str, Any]:
        """What it holds, counted: reads every byte and so proves every checksum.

        zero_weight_fraction      over the network's matrices, each once
        zero_activation_fraction  over the activations that enter the array, each once a product
        """
        events = products = activations = zero_activations = 0
        for event in self.events():
            events += 1
            products += event.phase.products
            activations += event.activations.size
            zero_activations += event.activations.size - int(np.count_nonzero(event.activations))
        weights = sum(each.n * each.k for each in self.matrices)
        zeros = sum(each.zero_weights for each in self.matrices)
        chunks = (*self.manifest.weight_chunks, *self.manifest.event_chunks)
        size = sum(chunk.bytes for chunk in chunks)
        return {
            "network": self.network.name,
            "command": self.manifest.command,
            "bitsim": self.manifest.bitsim,
            "passes": len(self.passes),
            "events": events,
            "products": products,
            "matrices": len(self.matrices),
            "weights": weights,
            "zero_weight_fraction": zeros / weights if weights else 0.0,
            "zero_activation_fraction": zero_activations / activations if activations else 0.0,
            "bytes": size + (self.path / manifest.FILE_NAME).stat().st_size,
        }

    def _event(self, number: int, pass_index: int, product: int, tensors: TensorFile) -> Event:
        entry = self.manifest.products[product]
        matrices = tuple(self.matrices[index] for index in entry.matrices)
        activations = _tensor(tensors, f"{number}.activations", "I8", (None, matrices[0].k))
        m = activations.shape[0]
        most = self.passes[pass_index].m
        if not 1 <= m <= most:
            raise BitsimError(
                f"{shown_path(tensors.path)}: event {number} has {m} tokens, its pass has {most}; "
                f"record the trace again"
            )
        scales = _tensor(tensors, f"{number}.scales", "F32", (m,))
        if not (np.isfinite(scales).all() and (scales > 0).all()):
            raise BitsimError(
                f"{shown_path(tensors.path)}: tensor '{number}.scales': must be finite and "
                f"positive; record the trace again"
            )
        return Event(pass_index, entry.name, activations, scales, matrices)


def load_trace(trace: str | Path | Trace) -> Trace:
    """Open a trace; `BitsimError` if it is none, is damaged, or is of a later bitsim."""
    if isinstance(trace, Trace):
        return trace
    path = arguments.path("trace", trace, "the path of a trace's folder")
    inside = path / manifest.FILE_NAME
    try:
        if path.is_dir() and not inside.is_symlink() and not inside.exists():
            raise BitsimError(
                f"{shown_path(path)}: has no {manifest.FILE_NAME}, so it is no trace; make one "
                f"with `bitsim trace record`"
            )
        if path.is_file():
            raise BitsimError(f"{shown_path(path)}: is a file; a trace is a folder: name that")
    except OSError as error:
        raise _unreadable(path, error) from None
    _refuse_link(inside)
    return Trace(path, manifest.read(inside))


def _open_chunk(folder: Path, chunk: WeightChunk) -> TensorFile:
    path = folder / chunk.file
    _refuse_link(path)
    try:
        size_bytes = path.stat().st_size
        if size_bytes == chunk.bytes:
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from None
    if size_bytes != chunk.bytes:
        raise BitsimError(
            f"{shown_path(path)}: {size_bytes} bytes, {manifest.FILE_NAME} says {chunk.bytes}; "
            f"copy or record the trace again"
        )
    if sha256 != chunk.sha256:
        raise BitsimError(
            f"{shown_path(path)}: sha256 is {sha256}, {manifest.FILE_NAME} says {chunk.sha256}; "
            f"copy or record the trace again"
        )
    return open_tensors(path)


def _unreadable(path: Path, error: OSError) -> BitsimError:
    return BitsimError(
        f"{shown_path(path)}: cannot be read ({reason(error)}); check the path, or copy the whole "
        f"trace again"
    )


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise BitsimError(
            f"{shown_path(path)}: is a link; a trace holds its own files: copy it with the files"
        )


def _matrix(tensors: TensorFile, entry: MatrixEntry) -> TernaryMatrix:
    packed = _tensor(tensors, entry.digest, "U8", (entry.n, ceil_div(entry.k, 4)))
    matrix = TernaryMatrix(entry.name, entry.n, entry.k, packed, entry.scale)
    where = f"{shown_path(tensors.path)}: matrix {entry.name}"
    if matrix.digest != entry.digest:
        raise BitsimError(f"{where}: digest is {matrix.digest}; record the trace again")
    if not _codes_hold(packed, entry.k):
        raise BitsimError(f"{where}: has a reserved 2-bit code; record the trace again")
    return matrix


def _tensor(
    tensors: TensorFile, name: str, dtype: str, shape: tuple[int | None, ...]
) -> NDArray[Any]:
    """A tensor of this type and shape (None: any count), or `BitsimError`."""
    found = tensors.shape(name)
    fits = len(found) == len(shape) and all(
        want is None or want == have for want, have in zip(shape, found, strict=True)
    )
    if tensors.dtype(name) != dtype or not fits:
        wanted = " x ".join("any" if want is None else str(want) for want in shape)
        raise BitsimError(
            f"{shown_path(tensors.path)}: tensor {name}: is {tensors.dtype(name)} of "
            f"{list(found)}, must be {dtype} of {wanted}; record the trace again"
        )
    return tensors.tensor(name)


def _codes_hold(packed: NDArray[np.uint8], k: int) -> bool:
    """No reserved code 3, and weight 0 in the places beyond k."""
    reserved = bool((packed & (packed >> 1) & 0x55).any())
    kept_bits = 2 * (k % 4 or 4)
    padding = packed[:, -1] >> kept_bits if kept_bits < 8 else packed[:0, -1]
    return not reserved and bool((padding == 0x55 >> kept_bits).all())
