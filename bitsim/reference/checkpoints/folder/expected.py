"""The tensors of a Hugging Face folder: what its config.json promises, and what is there."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from bitsim.errors import BitsimError, shown_path
from bitsim.reference.checkpoints.checkpoint import EMBEDDING, FINAL_NORM, HEAD, gain_names
from bitsim.reference.checkpoints.folder.shards import Tensors
from bitsim.reference.kernels import packing
from bitsim.spec.network import NetworkSpec

TABLE_DTYPES = GAIN_DTYPES = ("BF16", "F16", "F32")  # the published files have BF16
SCALE_DTYPES = ("BF16", "F32")


@dataclass(frozen=True)
class Expected:
    """What config.json promises of a tensor: one of some types, and a shape."""

    dtypes: tuple[str, ...]
    shape: tuple[int, ...]


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
        for norm, width in gain_names(spec, index):
            tensors[norm] = Expected(GAIN_DTYPES, (width,))
        for product in spec.products(index):
            for matrix, rows in zip(product.matrices, product.rows, strict=True):
                if is_packed(spec):
                    shape = (rows // packing.ROWS_PER_BYTE, product.k)
                    tensors[f"{matrix}.weight"] = Expected(("U8",), shape)
                    tensors[f"{matrix}.weight_scale"] = Expected(SCALE_DTYPES, (1,))
                else:
                    tensors[f"{matrix}.weight"] = Expected(("BF16",), (rows, product.k))
    return tensors


def check_tensors(file: Tensors, expected: Mapping[str, Expected]) -> None:
    """`BitsimError` if a tensor is missing, of another type or shape, or one too many."""
    there = set(file.names)
    for name in expected:
        if name not in there:
            raise fault(file, name, "is missing; use a file that has every tensor of its config")
    for name in file.names:
        if name not in expected:
            near = difflib.get_close_matches(name, expected, 1)
            hint = f"the nearest is {near[0]!r}" if near else "remove it"
            raise fault(file, name, f"is none of this network's; {hint}")
    for name, promise in expected.items():
        dtype, shape = file.dtype(name), file.shape(name)
        if dtype not in promise.dtypes:
            raise fault(
                file,
                name,
                f"dtype is {dtype}, config.json asks for {' or '.join(promise.dtypes)}; mend "
                f"quantization_config or convert the tensor",
            )
        if shape != promise.shape:
            transposed = " (transposed?)" if shape == promise.shape[::-1] else ""
            raise fault(
                file,
                name,
                f"shape is {list(shape)}{transposed}, config.json asks for "
                f"{list(promise.shape)}; use files that belong together",
            )


def fault(file: Tensors, name: str, text: str) -> BitsimError:
    """What is wrong with a tensor."""
    return BitsimError(f"{shown_path(file.path_of(name))}: tensor {name[:120]!r} {text}")
