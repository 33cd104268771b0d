"""A GGUF file as a checkpoint: keys to a spec, tensors to weights."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import shown_path
from bitsim.reference.checkpoints.checkpoint import TOKENIZER, Checkpoint
from bitsim.reference.checkpoints.gguf import tokenizer as gguf_tokenizer
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
    float_name,
    matrix_name,
    norm_name,
)
from bitsim.reference.checkpoints.gguf.types import tensor_fault
from bitsim.reference.tables import Table
from bitsim.reference.text.tokenizer import Tokenizer
from bitsim.spec import base
from bitsim.spec.network import NetworkSpec
from bitsim.spec.ternary import TernaryMatrix


class GgufCheckpoint(Checkpoint):
    """A GGUF file of a BitNet b1.58 model.

    Ternary weights and their scales are kept to the bit, and so are embedding, head and gains.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = open_gguf(path)
        self.spec = _spec(self.file)
        _check_tensors(self.file, self.spec)

    def matrix(self, name: str, rows: int, k: int) -> TernaryMatrix:
        """See `Checkpoint`."""
        return _matrix(self.file, matrix_name(name), name, rows, k)

    def gains(self, name: str) -> NDArray[np.float32]:
        """See `Checkpoint`."""
        return gguf_types.values(self.file, float_name(name))

    def table(self, name: str) -> Table:
        """See `Checkpoint`."""
        return gguf_types.table(self.file, float_name(name))

    def stored(self, name: str) -> tuple[str, NDArray[np.uint8]]:
        """See `Checkpoint`."""
        own = float_name(name)
        return self.file.tensors[own].type.name, self.file.tensor_bytes(own)

    def release(self, name: str) -> None:
        """See `Checkpoint`."""
        self.file.release(float_name(name))

    def table_bytes(self, name: str) -> int:
        """See `Checkpoint`."""
        return self.file.tensors[float_name(name)].bytes

    def tokenizer(self) -> Tokenizer:
        """See `Checkpoint`."""
        return gguf_tokenizer.gguf_tokenizer(self.file, self.spec.vocab_size)

    @property
    def tokenizer_path(self) -> Path:
        """See `Checkpoint`."""
        return self.path.with_name(TOKENIZER)

    @property
    def tokenizer_name(self) -> str:
        """See `Checkpoint`."""
        return gguf_tokenizer.MODEL

    def tokenizer_text(self) -> str | None:
        """See `Checkpoint`."""
        if self.file.text(gguf_tokenizer.MODEL) in (None, gguf_tokenizer.NONE):
            return None
        return gguf_tokenizer.to_json(self.file)

    def tokenizer_keys(self) -> dict[str, Any]:
        """See `Checkpoint`."""
        names = [name for name in self.file.keys if name.startswith(gguf_tokenizer.PREFIX)]
        return {name: self.file.value(name) for name in names}

    def files(self) -> list[Path]:
        """See `Checkpoint`."""
        return [each for each in (self.path, self.tokenizer_path) if each.exists()]

    def summary(self) -> dict[str, Any]:
        """See `Checkpoint`."""
        types = [info.type.name for info in self.file.tensors.values()]
        return {
            "format": "GGUF",
            "tensor_types": {name: types.count(name) for name in types},
            "tensors": len(types),
        }


def is_gguf(path: Path) -> bool:
    """By its name."""
    return path.suffix == ".gguf"


def open_gguf_checkpoint(path: Path) -> GgufCheckpoint:
    """Check all of a file but its weights themselves."""
    return GgufCheckpoint(path)


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
