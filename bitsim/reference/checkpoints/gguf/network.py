"""A GGUF file as a network: keys to a spec, tensors to weights."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import shown_path
from bitsim.reference.checkpoints.gguf import types as gguf_types
from bitsim.reference.checkpoints.gguf.file import GgufFile, open_gguf
from bitsim.reference.checkpoints.gguf.header import STRING
from bitsim.reference.checkpoints.gguf.names import (
    ARCHITECTURES,
    BOS,
    EMBEDDING,
    EOS,
    EOT,
    FINAL_NORM,
    HEAD,
    INTEGERS,
    LAYER_NORMS,
    NUMBERS,
    matrix_name,
    norm_name,
)
from bitsim.reference.checkpoints.gguf.tokenizer import gguf_tokenizer
from bitsim.reference.checkpoints.gguf.types import tensor_fault
from bitsim.reference.memory import network_bytes, require_memory
from bitsim.reference.network.layer import Layer
from bitsim.reference.network.network import Network
from bitsim.reference.tables import Table
from bitsim.spec import base
from bitsim.spec.network import NetworkSpec
from bitsim.spec.ternary import TernaryMatrix


@dataclass(frozen=True, eq=False)
class GgufNetwork:
    """A network, and what its file was like."""

    network: Network
    tensor_types: dict[str, int]  # how many tensors of each type


@dataclass(frozen=True, eq=False)
class GgufCheckpoint:
    """A file whose keys, names, types and shapes are checked; weights are read when asked for."""

    spec: NetworkSpec
    file: GgufFile

    def matrix(self, name: str, rows: int, k: int) -> TernaryMatrix:
        """The matrix of a Hugging Face module."""
        return _matrix(self.file, matrix_name(name), name, rows, k)

    def gains(self, name: str) -> NDArray[np.float32]:
        """Gains of a norm by the name of their tensor; exact."""
        return gguf_types.values(self.file, name)

    def table(self, name: str) -> Table:
        """Embedding or head, a view of the file."""
        return gguf_types.table(self.file, name)

    @property
    def memory_bytes(self) -> int:
        """What the network takes once loaded."""
        names = (EMBEDDING,) if self.spec.tied_head else (EMBEDDING, HEAD)
        return network_bytes(self.spec, sum(self.file.tensors[name].bytes for name in names))


def open_gguf_checkpoint(path: Path) -> GgufCheckpoint:
    """Check all of a file but its weights themselves."""
    file = open_gguf(path)
    spec = _spec(file)
    _check_tensors(file, spec)
    return GgufCheckpoint(spec, file)


def load_gguf(path: Path) -> GgufNetwork:
    """Open a GGUF file of a BitNet b1.58 model and, beside it where there is one, tokenizer.json.

    Ternary weights and their scales are kept to the bit, and so are embedding, head and gains;
    embedding and head stay in the file, mapped.
    """
    source = open_gguf_checkpoint(path)
    file, spec = source.file, source.spec
    require_memory(source.memory_bytes, f"{shown_path(path)}: the network")
    embedding = source.table(EMBEDDING)
    network = Network(
        spec=spec,
        tokenizer=gguf_tokenizer(file, spec.vocab_size),
        synthetic=False,
        embedding=embedding,
        head=embedding if spec.tied_head else source.table(HEAD),
        final_norm=source.gains(FINAL_NORM),
        layers=tuple(_layer(source, index) for index in range(spec.layers)),
    )
    types = [info.type.name for info in file.tensors.values()]
    return GgufNetwork(network, {name: types.count(name) for name in types})


def gguf_shape(path: Path) -> NetworkSpec:
    """The shape that a GGUF file's header describes; its tensors are not read."""
    return _spec(open_gguf(path))


def _spec(file: GgufFile) -> NetworkSpec:
    architecture = file.text("general.architecture")
    if architecture not in ARCHITECTURES:
        said = "is missing" if architecture is None else f"is {architecture[:60]!r}"
        raise file.fault(
            f"key 'general.architecture' {said}; {', '.join(ARCHITECTURES)} are computed: "
            f"use a BitNet b1.58 model"
        )
    names = {field: f"{architecture}.{key}" for field, key in (INTEGERS | NUMBERS).items()}
    table: dict[str, object] = {field: file.integer(names[field]) for field in INTEGERS}
    table |= {field: file.number(names[field]) for field in NUMBERS}
    table = {field: value for field, value in table.items() if value is not None}
    if "kv_heads" not in table and "heads" in table:  # llama.cpp: every head has its own
        table["kv_heads"] = table["heads"]
    table["vocab_size"] = _vocab_size(file, f"{architecture}.vocab_size")
    names |= {"bos_id": BOS, "eos_ids": EOS, "vocab_size": EMBEDDING, "name": "file name"}
    bos, eos, eot = (file.integer(key) for key in (BOS, EOS, EOT))
    if bos is not None:
        table["bos_id"] = bos
    if eos is not None:
        table["eos_ids"] = tuple(dict.fromkeys(each for each in (eos, eot) if each is not None))
    table |= {"name": file.path.stem, "tied_head": HEAD not in file.tensors}
    spec = base.check(NetworkSpec, table, shown_path(file.path), names)
    _check_rotation(file, architecture, spec)
    return spec


def _vocab_size(file: GgufFile, key: str) -> int:
    """Rows of the embedding, with which all that counts tokens must agree."""
    if EMBEDDING not in file.tensors:
        raise tensor_fault(
            file, EMBEDDING, "is missing; use a file that has every tensor of its keys"
        )
    rows = file.tensors[EMBEDDING].shape[0]
    said = file.integer(key)
    if said is not None and said != rows:
        raise file.fault(f"key {key!r} is {said}, {EMBEDDING} has {rows} rows; mend the key")
    tokens = file.keys.get("tokenizer.ggml.tokens")
    if tokens is None:
        return rows
    if not tokens.is_array or tokens.kind != STRING or tokens.count != rows:
        raise file.fault(
            f"key 'tokenizer.ggml.tokens' is not {rows} strings, as many as {EMBEDDING} has rows; "
            f"use files that belong together"
        )
    return rows


def _check_rotation(file: GgufFile, architecture: str, spec: NetworkSpec) -> None:
    """Only the default RoPE over whole heads is computed."""
    for key in ("rope.dimension_count", "attention.key_length", "attention.value_length"):
        said = file.integer(f"{architecture}.{key}")
        if said not in (None, spec.head_dim):
            raise file.fault(
                f"key '{architecture}.{key}' is {said}; only {spec.head_dim}, embedding_length / "
                f"head_count, is computed: use such a model"
            )
    kind = file.text(f"{architecture}.rope.scaling.type")
    factor = file.number(f"{architecture}.rope.scaling.factor")
    if kind not in (None, "none", "linear") or factor not in (None, 1.0):
        raise file.fault(
            f"key '{architecture}.rope.scaling' changes the rotation; only the default one is "
            f"computed: use a model without it"
        )


def _check_tensors(file: GgufFile, spec: NetworkSpec) -> None:
    expected = _expected_tensors(spec)
    for name in expected:
        if name not in file.tensors:
            raise tensor_fault(
                file, name, "is missing; use a file that has every tensor of its keys"
            )
    for name, info in file.tensors.items():
        if name not in expected:
            matrix = name.removesuffix(".scale") + ".weight"
            if name.endswith(".scale") and expected.get(matrix, ((), ()))[0] == gguf_types.TERNARY:
                if info.shape != (1,) or info.type.name != "F32":
                    raise tensor_fault(file, name, "is not one F32; write the file again")
                continue
            near = difflib.get_close_matches(name, expected, 1)
            hint = f"the nearest is {near[0]!r}" if near else "remove it"
            raise tensor_fault(file, name, f"is none of this network's; {hint}")
        types, shape = expected[name]
        if info.type.name not in types:
            text = f"has type {info.type.name}; {', '.join(types)} are read: convert the file"
            raise tensor_fault(file, name, text)
        if info.shape != shape:
            transposed = " (transposed?)" if info.shape == shape[::-1] else ""
            raise tensor_fault(
                file,
                name,
                f"shape is {list(info.shape)}{transposed}, the keys ask for {list(shape)}; "
                f"use a sound file",
            )


def _expected_tensors(spec: NetworkSpec) -> dict[str, tuple[tuple[str, ...], tuple[int, ...]]]:
    """Types and shape, rows first, of every tensor: 332 for the 2B model."""
    hidden, table = spec.hidden_size, (spec.vocab_size, spec.hidden_size)
    tensors: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
        EMBEDDING: (gguf_types.FLOATS, table),
        FINAL_NORM: (gguf_types.FLOATS, (hidden,)),
    }
    if not spec.tied_head:
        tensors[HEAD] = (gguf_types.FLOATS, table)
    for index in range(spec.layers):
        for norm in LAYER_NORMS:
            width = spec.intermediate_size if norm == "ffn_sub_norm" else hidden
            tensors[norm_name(index, norm)] = (gguf_types.FLOATS, (width,))
        for product in spec.products(index):
            for matrix, rows in zip(product.matrices, product.rows, strict=True):
                tensors[matrix_name(matrix)] = (gguf_types.TERNARY, (rows, product.k))
    return tensors


def _layer(source: GgufCheckpoint, index: int) -> Layer:
    products = tuple(
        tuple(
            source.matrix(module, rows, product.k)
            for module, rows in zip(product.matrices, product.rows, strict=True)
        )
        for product in source.spec.products(index)
    )
    norms = [source.gains(norm_name(index, norm)) for norm in LAYER_NORMS]
    return Layer(products, *norms)


def _matrix(file: GgufFile, name: str, module: str, rows: int, k: int) -> TernaryMatrix:
    """A matrix with its scale, times that of a tensor of its own, which llama.cpp writes."""
    packed, scale = gguf_types.ternary(file, name)
    file.release(name)
    beside = name.removesuffix(".weight") + ".scale"
    if beside in file.tensors:
        own = float(file.tensor_bytes(beside).copy().view("<f4")[0])
        scale *= own
        if not gguf_types.SMALLEST_NORMAL <= scale < float("inf"):
            raise tensor_fault(
                file, beside, f"is {own:g}; a scale is a finite number above 0: write it again"
            )
    return TernaryMatrix(name=module, n=rows, k=k, packed=packed, scale=scale)
