"""Recording: events to disk as they come, each matrix once."""

from __future__ import annotations

import hashlib
import shutil
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError, shown_path
from bitsim.files.atomic import atomic_file, partial_path, unwritable
from bitsim.files.tensorfile import write_tensors
from bitsim.spec.network import NetworkSpec
from bitsim.spec.ternary import TernaryMatrix
from bitsim.trace import manifest
from bitsim.trace.event import Event
from bitsim.trace.manifest import EventChunk, Manifest, MatrixEntry, ProductEntry, TracePass

CHUNK_BYTES = 16 << 20
CHUNK_TENSORS = 8192  # keeps the header of a chunk below 1 MB, however small its tensors


class TraceWriter:
    """Writes a trace while a network runs:

        with TraceWriter(path, network, command="bitsim trace record ...", seed=0) as writer:
            writer.begin_pass(m=8, context=0)
            writer.add(event)

    The folder takes its name at the end of the `with`, if that ends well; else nothing is left.
    Holds at most `chunk_bytes` of activations and as much of weights, or one event and one matrix
    if those are larger. `BitsimError` if `path` exists or cannot be written.
    """

    def __init__(
        self,
        path: Path,
        network: NetworkSpec,
        command: str,
        seed: int | None = None,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        try:
            taken = path.is_symlink() or path.exists()
        except OSError as error:
            raise unwritable(path, error) from None
        if taken:
            raise BitsimError(f"{shown_path(path)}: exists; remove it, or name another place")
        self.path = path
        self._network = network
        # An argument of bytes that are not UTF-8 has half characters, which no file can hold.
        self._command = command.encode(errors="backslashreplace").decode()
        self._seed = seed
        self._folder = partial_path(path)
        self._passes: list[TracePass] = []
        self._matrices: list[MatrixEntry] = []
        self._products: list[ProductEntry] = []
        self._product_index: dict[str, int] = {}
        self._chunk_of_digest: dict[str, int] = {}
        self._weights = _Chunks(self._folder, "weights", chunk_bytes)
        self._events = _Chunks(self._folder, "events", chunk_bytes)
        self._event_table: list[list[tuple[int, int]]] = []
        self._event_count = 0

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir()
        except (OSError, ValueError) as error:
            raise unwritable(self.path, error) from None
        return self

    def begin_pass(self, m: int, context: int) -> None:
        """The events that follow are of a walk with `m` tokens, the first at `context`."""
        self._passes.append(TracePass(m=m, context=context))

    def add(self, event: Event) -> None:
        """Record a product. Its activations are copied; its matrices must not change."""
        assert event.pass_index == len(self._passes) - 1, "begin_pass comes before its events"
        assert event.activations.shape[0] <= self._passes[-1].m, f"{event.name}: too many tokens"
        assert _scales_hold(event.activation_scales), f"{event.name}: scales"
        if self._event_count == manifest.MAX_EVENTS:
            raise BitsimError(
                f"{shown_path(self.path)}: more than {manifest.MAX_EVENTS} events; record fewer "
                f"tokens"
            )
        product = self._product(event)
        chunk = self._events.add(
            {
                f"{self._event_count}.activations": event.activations.copy(),
                f"{self._event_count}.scales": event.activation_scales.copy(),
            }
        )
        while len(self._event_table) <= chunk:
            self._event_table.append([])
        self._event_table[chunk].append((event.pass_index, product))
        self._event_count += 1

    def _product(self, event: Event) -> int:
        """Index of the event's product; a new one takes its matrices along."""
        if event.name not in self._product_index:
            first = len(self._matrices)
            self._matrices += map(self._matrix, event.matrices)
            indices = tuple(range(first, len(self._matrices)))
            self._product_index[event.name] = len(self._products)
            self._products.append(ProductEntry(name=event.name, matrices=indices))
        index = self._product_index[event.name]
        kept = [self._matrices[each].digest for each in self._products[index].matrices]
        assert kept == [each.digest for each in event.matrices], f"{event.name}: other matrices"
        return index

    def _matrix(self, matrix: TernaryMatrix) -> MatrixEntry:
        if matrix.digest not in self._chunk_of_digest:
            chunk = self._weights.add({matrix.digest: matrix.packed})
            self._chunk_of_digest[matrix.digest] = chunk
        return MatrixEntry(
            name=matrix.name,
            n=matrix.n,
            k=matrix.k,
            scale=float(matrix.scale),
            digest=matrix.digest,
            chunk=self._chunk_of_digest[matrix.digest],
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _finish(self) -> None:
        self._weights.flush()
        self._events.flush()
        whole = Manifest(
            format=manifest.FORMAT,
            version=manifest.VERSION,
            bitsim=version("bitsim"),
            command=self._command,
            seed=self._seed,
            network=self._network,
            passes=tuple(self._passes),
            matrices=tuple(self._matrices),
            products=tuple(self._products),
            weight_chunks=tuple(manifest.WeightChunk(**each) for each in self._weights.written),
            event_chunks=tuple(
                EventChunk(**each, events=tuple(events))
                for each, events in zip(self._events.written, self._event_table, strict=True)
            ),
        )
        with atomic_file(self._folder / manifest.FILE_NAME) as file:
            file.write(manifest.render(whole))
        try:
            self._folder.rename(self.path)
        except OSError as error:
            raise unwritable(self.path, error) from None


class _Chunks:
    """Files of one kind, each written when the next tensors would make it too large."""

    def __init__(self, folder: Path, kind: str, chunk_bytes: int) -> None:
        self.written: list[dict[str, Any]] = []
        self._folder = folder
        self._kind = kind
        self._chunk_bytes = chunk_bytes
        self._tensors: dict[str, NDArray[Any]] = {}
        self._bytes = 0

    def add(self, tensors: dict[str, NDArray[Any]]) -> int:
        """Keep tensors for the file that they will be in together; returns its number."""
        added_bytes = sum(each.nbytes for each in tensors.values())
        full = self._bytes + added_bytes > self._chunk_bytes
        if self._tensors and (full or len(self._tensors) >= CHUNK_TENSORS):
            self.flush()
        self._tensors |= tensors
        self._bytes += added_bytes
        return len(self.written)

    def flush(self) -> None:
        """Write what is kept."""
        if not self._tensors:
            return
        path = self._folder / manifest.chunk_name(self._kind, len(self.written))
        write_tensors(path, self._tensors)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self.written.append({"file": path.name, "bytes": path.stat().st_size, "sha256": sha256})
        self._tensors = {}
        self._bytes = 0


def _scales_hold(scales: NDArray[np.float32]) -> bool:
    return bool(np.isfinite(scales).all() and (scales > 0).all())
