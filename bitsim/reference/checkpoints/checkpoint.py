"""A checkpoint of any form: its weights are read one at a time, when they are asked for.

Tensors and modules go by the names that Hugging Face gives them, in every form.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import shown_path
from bitsim.reference.memory import network_bytes, require_memory
from bitsim.reference.network.layer import Layer
from bitsim.reference.network.network import Network
from bitsim.reference.tables import Table
from bitsim.reference.text.tokenizer import Tokenizer
from bitsim.spec.network import NetworkSpec
from bitsim.spec.ternary import TernaryMatrix

EMBEDDING, FINAL_NORM, HEAD = "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"
LAYER_NORMS = (  # in the order of `Layer`'s fields
    "input_layernorm",
    "self_attn.attn_sub_norm",
    "post_attention_layernorm",
    "mlp.ffn_sub_norm",
)
TOKENIZER = "tokenizer.json"  # of every form: in the folder, or beside the file


class Checkpoint(ABC):
    """Names, types, shapes and scales are checked when it is opened; the weights when read.

    path  the folder or the file
    """

    path: Path
    spec: NetworkSpec

    @abstractmethod
    def matrix(self, name: str, rows: int, k: int) -> TernaryMatrix:
        """The ternary matrix of a module, whose pages are let go; a master's is quantised."""

    @abstractmethod
    def gains(self, name: str) -> NDArray[np.float32]:
        """Gains of a norm; exact."""

    @abstractmethod
    def table(self, name: str) -> Table:
        """Embedding or head, a view of the file."""

    @abstractmethod
    def stored(self, name: str) -> tuple[str, NDArray[np.uint8]]:
        """Embedding or head as it lies in the file: BF16, F16, F32, Q8_0 or Q6_K, and its bytes."""

    @abstractmethod
    def release(self, name: str) -> None:
        """Let the memory of a table's pages go."""

    @abstractmethod
    def tokenizer(self) -> Tokenizer:
        """That of `tokenizer_path`, or the form's own; one that refuses text if there is none."""

    @property
    @abstractmethod
    def tokenizer_path(self) -> Path:
        """Of its tokenizer.json, whether it is there or not."""

    @abstractmethod
    def files(self) -> list[Path]:
        """All that a network of it may be read from."""

    @abstractmethod
    def summary(self) -> dict[str, Any]:
        """What it is like, for people: its format first."""

    @property
    @abstractmethod
    def tokenizer_name(self) -> str:
        """Of what is missing where it has no tokenizer."""

    def tokenizer_text(self) -> str | None:
        """Of a tokenizer.json that gives the ids of the form's own; None if it has none.

        `BitsimError` if there is no such text.
        """
        return None

    def tokenizer_keys(self) -> dict[str, Any]:
        """The form's own tokenizer as the keys of a GGUF file."""
        return {}

    @property
    def companions(self) -> Mapping[str, bytes]:
        """By name, further files about its tokens that another folder of it gets."""
        return {}

    @property
    def memory_bytes(self) -> int:
        """What the network takes once loaded."""
        tables = sum(self.table_bytes(name) for name in table_names(self.spec))
        return network_bytes(self.spec, tables)

    @abstractmethod
    def table_bytes(self, name: str) -> int:
        """Size of embedding or head in the file."""

    def network(self) -> Network:
        """All of it, read tensor by tensor; embedding and head stay in their file, mapped."""
        spec = self.spec
        require_memory(self.memory_bytes, f"{shown_path(self.path)}: the network")
        tokenizer = self.tokenizer()
        embedding = self.table(EMBEDDING)
        return Network(
            spec=spec,
            tokenizer=tokenizer,
            synthetic=False,
            embedding=embedding,
            head=embedding if spec.tied_head else self.table(HEAD),
            final_norm=self.gains(FINAL_NORM),
            layers=tuple(self._layer(index) for index in range(spec.layers)),
        )

    def _layer(self, index: int) -> Layer:
        norms = [self.gains(name) for name, _ in gain_names(self.spec, index)]
        products = tuple(
            tuple(
                self.matrix(matrix, rows, product.k)
                for matrix, rows in zip(product.matrices, product.rows, strict=True)
            )
            for product in self.spec.products(index)
        )
        return Layer(products, *norms)


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
