"""A checkpoint of any form as its weights, read one at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError, shown_path
from bitsim.reference.checkpoints.folder import (
    EMBEDDING,
    FINAL_NORM,
    HEAD,
    LAYER_NORMS,
    open_checkpoint,
)
from bitsim.reference.checkpoints.generation_config import with_generation_config
from bitsim.reference.checkpoints.gguf import names as gguf_names
from bitsim.reference.checkpoints.gguf.network import open_gguf_checkpoint
from bitsim.reference.tables import Table
from bitsim.spec import catalog
from bitsim.spec.network import NetworkSpec
from bitsim.spec.ternary import TernaryMatrix


class Weights(ABC):
    """Tensors go by the names that Hugging Face gives them, in every form."""

    path: Path
    spec: NetworkSpec

    @abstractmethod
    def matrix(self, name: str, rows: int, k: int) -> TernaryMatrix:
        """The ternary matrix of a module."""

    @abstractmethod
    def gains(self, name: str) -> NDArray[np.float32]:
        """Gains of a norm; exact."""

    @abstractmethod
    def table(self, name: str) -> Table:
        """Embedding or head."""

    @abstractmethod
    def stored(self, name: str) -> tuple[str, NDArray[np.uint8]]:
        """Embedding or head as it lies in the file: BF16, F16, F32, Q8_0 or Q6_K, and its bytes."""

    @abstractmethod
    def release(self, name: str) -> None:
        """Let the memory of a table's pages go."""


class FolderWeights(Weights):
    """Of a Hugging Face folder, packed or a bf16 master."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.source = open_checkpoint(folder)
        self.spec = with_generation_config(self.source.spec, folder / "generation_config.json")

    def matrix(self, name: str, rows: int, k: int) -> TernaryMatrix:
        """See `Weights`; a master's is quantised."""
        return self.source.matrix(name, rows, k)

    def gains(self, name: str) -> NDArray[np.float32]:
        """See `Weights`."""
        return self.source.gains(name)

    def table(self, name: str) -> Table:
        """See `Weights`."""
        return self.source.table(name)

    def stored(self, name: str) -> tuple[str, NDArray[np.uint8]]:
        """See `Weights`."""
        file = self.source.file
        return file.dtype(name), file.tensor(name).reshape(-1).view(np.uint8)

    def release(self, name: str) -> None:
        """See `Weights`."""
        self.source.file.release(name)


class GgufWeights(Weights):
    """Of a GGUF file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = open_gguf_checkpoint(path)
        self.spec = self.source.spec

    def matrix(self, name: str, rows: int, k: int) -> TernaryMatrix:
        """See `Weights`."""
        return self.source.matrix(name, rows, k)

    def gains(self, name: str) -> NDArray[np.float32]:
        """See `Weights`."""
        return self.source.gains(gguf_names.float_name(name))

    def table(self, name: str) -> Table:
        """See `Weights`."""
        return self.source.table(gguf_names.float_name(name))

    def stored(self, name: str) -> tuple[str, NDArray[np.uint8]]:
        """See `Weights`."""
        file, own = self.source.file, gguf_names.float_name(name)
        return file.tensors[own].type.name, file.tensor_bytes(own)

    def release(self, name: str) -> None:
        """See `Weights`."""
        self.source.file.release(gguf_names.float_name(name))


def find_checkpoint(name: str) -> Path:
    """The folder or the .gguf file of a name; `BitsimError` for a shape, which has no weights."""
    path = catalog.find("networks", name)
    if path.name == "config.json":
        path = path.parent
    if path.suffix == ".toml":
        raise BitsimError(
            f"{shown_path(path)}: is a shape, which has no weights; make some by `bitsim "
            f"checkpoint make`, or name a folder with config.json or a .gguf file"
        )
    return path


def open_weights(path: Path) -> Weights:
    """Open a folder with config.json and safetensors, or a GGUF file."""
    if path.is_dir() or path.suffix != ".gguf":
        return FolderWeights(path)
    return GgufWeights(path)


def table_names(spec: NetworkSpec) -> tuple[str, ...]:
    """Embedding and, if it is another, head."""
    return (EMBEDDING,) if spec.tied_head else (EMBEDDING, HEAD)


def gain_names(spec: NetworkSpec, layer: int) -> tuple[tuple[str, int], ...]:
    """Name and length of a layer's gains, in the order of `Layer`'s fields."""
    return tuple(
        (
            f"model.layers.{layer}.{norm}.weight",
            spec.intermediate_size if norm.startswith("mlp") else spec.hidden_size,
        )
        for norm in LAYER_NORMS
    )


def all_gain_names(spec: NetworkSpec) -> Iterator[tuple[str, int]]:
    """Those of the final norm, then of every layer."""
    yield FINAL_NORM, spec.hidden_size
    for layer in range(spec.layers):
        yield from gain_names(spec, layer)


def modules(spec: NetworkSpec, layer: int) -> Iterator[tuple[str, int, int]]:
    """Name, rows and k of a layer's ternary matrices."""
    for product in spec.products(layer):
        for name, rows in zip(product.matrices, product.rows, strict=True):
            yield name, rows, product.k
