"""A Hugging Face checkpoint folder, checked tensor by tensor before anything large is made."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError, shown_path
from bitsim.reference.checkpoints.generation_config import with_generation_config
from bitsim.reference.checkpoints.shards import Tensors, open_folder
from bitsim.reference.kernels import floats, packing, quantizer
from bitsim.reference.memory import network_bytes, require_memory
from bitsim.reference.network.layer import Layer
from bitsim.reference.network.network import Network
from bitsim.reference.tables import Table, table_of
from bitsim.reference.text.tokenizer import FileTokenizer, MissingTokenizer, Tokenizer
from bitsim.spec import network as network_spec
from bitsim.spec.network import NetworkSpec
from bitsim.spec.ternary import TernaryMatrix

SMALLEST_NORMAL = 2.0**-126  # of bf16 and of f32
EMBEDDING, FINAL_NORM, HEAD = "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"
TABLE_DTYPES = GAIN_DTYPES = ("BF16", "F16", "F32")  # the published files have BF16
SCALE_DTYPES = ("BF16", "F32")
LAYER_NORMS = (  # in the order of `Layer`'s fields
    "input_layernorm",
    "self_attn.attn_sub_norm",
    "post_attention_layernorm",
    "mlp.ffn_sub_norm",
)


@dataclass(frozen=True)
class Expected:
    """What config.json promises of a tensor: one of some types, and a shape."""

    dtypes: tuple[str, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A folder whose names, types, shapes and scales are checked; weights are read when asked for.

    scales  by matrix, what a code is multiplied by; none of a bf16 master
    """

    spec: NetworkSpec
    file: Tensors
    scales: Mapping[str, float]

    def matrix(self, name: str, rows: int, k: int) -> TernaryMatrix:
        """The matrix of a module, whose pages are let go; a master's is quantised here."""
        return _matrix(self.file, name, rows, k, self.scales.get(name))

    def gains(self, name: str) -> NDArray[np.float32]:
        """Gains of a norm by the name of their tensor; exact."""
        return _gains(self.file, name)

    def table(self, name: str) -> Table:
        """Embedding or head, a view of the file."""
        raw = self.file.tensor(name).view(np.uint8)
        table = table_of(self.file.dtype(name), raw)
        if table is None:
            raise _not_finite(self.file, name)
        return table

    @property
    def memory_bytes(self) -> int:
        """What the network takes once loaded."""
        names = (EMBEDDING,) if self.spec.tied_head else (EMBEDDING, HEAD)
        return network_bytes(self.spec, sum(self.file.nbytes(name) for name in names))


def open_checkpoint(folder: Path) -> Checkpoint:
    """Check all of a folder but its weights themselves."""
    spec = network_spec.from_config(folder / "config.json")
    file = open_folder(folder)
    _check_tensors(file, expected_tensors(spec))
    return Checkpoint(spec, file, _weight_scales(file, spec))


def load_checkpoint(folder: Path) -> Network:
    """Open config.json, model.safetensors or its shards, and, where there is one, tokenizer.json.

    Packed checkpoints (`quantization_mode` offline, or `linear_class` bitlinear) and bf16 masters
    (online) are read tensor by tensor, and the pages of each are let go behind it; embedding and
    head stay in their files, mapped.
    """
    source = open_checkpoint(folder)
    spec = with_generation_config(source.spec, folder / "generation_config.json")
    tokenizer_path = folder / "tokenizer.json"
    tokenizer: Tokenizer = (
        FileTokenizer(tokenizer_path, spec.vocab_size)
        if tokenizer_path.exists()
        else MissingTokenizer(tokenizer_path, spec.vocab_size)
    )
    require_memory(source.memory_bytes, f"{shown_path(folder)}: the network")
    embedding = source.table(EMBEDDING)
    return Network(
        spec=spec,
        tokenizer=tokenizer,
        synthetic=False,
        embedding=embedding,
        head=embedding if spec.tied_head else source.table(HEAD),
        final_norm=source.gains(FINAL_NORM),
        layers=tuple(_layer(source, index) for index in range(spec.layers)),
    )


def is_packed(spec: NetworkSpec) -> bool:
    """Whether its files hold ternary codes rather than a bf16 master."""
    return spec.linear_class == "bitlinear" or spec.quantization_mode == "offline"


def expected_tensors(spec: NetworkSpec) -> dict[str, Expected]:
    """Every tensor of a checkpoint of this shape: 542 for the packed 2B model."""
    hidden, table = spec.hidden_size, (spec.vocab_size, spec.hidden_size)
    tensors = {
        EMBEDDING: Expected(TABLE_DTYPES, table),
        FINAL_NORM: Expected(GAIN_DTYPES, (hidden,)),
    }
    if not spec.tied_head:
        tensors[HEAD] = Expected(TABLE_DTYPES, table)
    for index in range(spec.layers):
        for norm in LAYER_NORMS:
            width = spec.intermediate_size if norm.startswith("mlp") else hidden
            tensors[f"model.layers.{index}.{norm}.weight"] = Expected(GAIN_DTYPES, (width,))
        for product in spec.products(index):
            for matrix, rows in zip(product.matrices, product.rows, strict=True):
                if is_packed(spec):
                    shape = (rows // packing.ROWS_PER_BYTE, product.k)
                    tensors[f"{matrix}.weight"] = Expected(("U8",), shape)
                    tensors[f"{matrix}.weight_scale"] = Expected(SCALE_DTYPES, (1,))
                else:
                    tensors[f"{matrix}.weight"] = Expected(("BF16",), (rows, product.k))
    return tensors


def _check_tensors(file: Tensors, expected: Mapping[str, Expected]) -> None:
    there = set(file.names)
    for name in expected:
        if name not in there:
            raise _fault(file, name, "is missing; use a file that has every tensor of its config")
    for name in file.names:
        if name not in expected:
            near = difflib.get_close_matches(name, expected, 1)
            hint = f"the nearest is {near[0]!r}" if near else "remove it"
            raise _fault(file, name, f"is none of this network's; {hint}")
    for name, promise in expected.items():
        dtype, shape = file.dtype(name), file.shape(name)
        if dtype not in promise.dtypes:
            raise _fault(
                file,
                name,
                f"dtype is {dtype}, config.json asks for {' or '.join(promise.dtypes)}; mend "
                f"quantization_config or convert the tensor",
            )
        if shape != promise.shape:
            transposed = " (transposed?)" if shape == promise.shape[::-1] else ""
            raise _fault(
                file,
                name,
                f"shape is {list(shape)}{transposed}, config.json asks for "
                f"{list(promise.shape)}; use files that belong together",
            )


def _weight_scales(file: Tensors, spec: NetworkSpec) -> dict[str, float]:
    """By matrix, what a code is multiplied by: `autobitlinear` files hold it, `bitlinear` files
    hold its reciprocal.
    """
    scales: dict[str, float] = {}
    if not is_packed(spec):
        return scales
    for index in range(spec.layers):
        for product in spec.products(index):
            if any(rows % packing.ROWS_PER_BYTE for rows in product.rows):
                raise BitsimError(
                    f"{shown_path(file.path)}: {product.name}: rows {list(product.rows)} are not "
                    f"multiples of {packing.ROWS_PER_BYTE}, as packed files need; use a bf16 master"
                )
            for matrix in product.matrices:
                name = f"{matrix}.weight_scale"
                scale = float(_widened(file, name)[0])
                if not SMALLEST_NORMAL <= scale < float("inf"):
                    raise _fault(
                        file,
                        name,
                        f"is {scale:g}; a scale is a finite number above 0 and not denormal: "
                        f"write it again",
                    )
                scales[matrix] = 1 / scale if spec.linear_class == "bitlinear" else scale
    return scales


def _layer(source: Checkpoint, index: int) -> Layer:
    norms = [source.gains(f"model.layers.{index}.{norm}.weight") for norm in LAYER_NORMS]
    products = tuple(
        tuple(
            source.matrix(matrix, rows, product.k)
            for matrix, rows in zip(product.matrices, product.rows, strict=True)
        )
        for product in source.spec.products(index)
    )
    return Layer(products, *norms)


def _matrix(file: Tensors, name: str, rows: int, k: int, scale: float | None) -> TernaryMatrix:
    stored = file.tensor(f"{name}.weight")
    if scale is None:
        packed, scale = quantizer.ternarize(stored)
        if not 0 < scale < float("inf"):
            raise _fault(file, f"{name}.weight", "is not finite; use a sound file")
    else:
        packed, reserved = packing.from_hugging_face(stored)
        if reserved:
            raise _fault(
                file,
                f"{name}.weight",
                f"has the reserved code 3 in {reserved} places; use a file of ternary weights",
            )
    file.release(f"{name}.weight")
    packed.flags.writeable = False
    return TernaryMatrix(name=name, n=rows, k=k, packed=packed, scale=scale)


def _gains(file: Tensors, name: str) -> NDArray[np.float32]:
    values = _widened(file, name)
    if not np.isfinite(values).all():
        raise _not_finite(file, name)
    return values


def _widened(file: Tensors, name: str) -> NDArray[np.float32]:
    """A BF16, F16 or F32 tensor in f32; exact."""
    values: NDArray[Any] = file.tensor(name)
    if file.dtype(name) == "BF16":
        return floats.from_bf16(values)
    wide = values.astype(np.float32, copy=False)
    wide.flags.writeable = False
    return wide


def _not_finite(file: Tensors, name: str) -> BitsimError:
    return _fault(file, name, "has values that are not finite; use a sound file")


def _fault(file: Tensors, name: str, text: str) -> BitsimError:
    return BitsimError(f"{shown_path(file.path_of(name))}: tensor {name[:120]!r} {text}")
