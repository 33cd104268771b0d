"""What a file of ternary matrices in a layout holds: its tensors, and what they say of themselves.

A safetensors file: for each stored matrix its bytes (U8) and its scales, under the names that the
layout's own programs use, and metadata that undoes the layout.

Names: microsoft/BitNet, gpu/convert_safetensors.py `convert_back` (int2), and
utils/convert-hf-to-gguf-bitnet.py, which gives a TL1 or TL2 tensor's scale a tensor of its own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from bitsim.errors import named_in
from bitsim.files.tensorfile import Promised
from bitsim.reference.checkpoints.gguf.names import matrix_name
from bitsim.reference.checkpoints.layouts import LAYOUTS, Layout
from bitsim.spec.base import ShownName, Spec
from bitsim.spec.network import NetworkSpec, Product

FORMAT: Literal["bitsim layout 1"] = "bitsim layout 1"
FUSED_NAMES = ("attention.wqkv", "attention.wo", "feed_forward.w13", "feed_forward.w2")
LARGEST = 1 << 31  # of a matrix's side: bounds the arithmetic on sizes

Size = Annotated[int, Field(ge=1, le=LARGEST)]


class Part(Spec):
    """A matrix of the network in a stored one."""

    module: ShownName  # Hugging Face's
    rows: Size
    heads: int = Field(0, ge=0, le=LARGEST)  # whose rows are interleaved; 0: rows are in order

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if self.heads and self.rows % (2 * self.heads):
            raise ValueError(f"rows = {self.rows} are no pairs in each of heads = {self.heads}")
        return self


class StoredMatrix(Spec):
    """One tensor of bytes."""

    n: Size
    k: Size
    parameters: dict[str, int]  # of the layout
    parts: tuple[Part, ...] = Field(min_length=1, max_length=4)  # one under the other

    @model_validator(mode="after")
    def _rows(self) -> Self:
        rows = sum(part.rows for part in self.parts)
        if rows != self.n:
            raise ValueError(f"n = {self.n} is not the {rows} rows of its parts")
        return self


class Contents(Spec):
    """The metadata of such a file."""

    format: Literal["bitsim layout 1"]
    layout: Literal["int2", "tl1", "tl2"]
    matrices: dict[ShownName, StoredMatrix]  # by tensor

    @model_validator(mode="after")
    def _once(self) -> Self:
        modules = Counter(part.module for each in self.matrices.values() for part in each.parts)
        for module, count in modules.most_common(1):
            if count > 1:
                raise ValueError(f"module {module} is in {count} places")
        return self

    @property
    def kind(self) -> type[Layout]:
        """The layout, whose parameters each matrix has for itself."""
        return LAYOUTS[self.layout]

    def promised(self, layouts: dict[str, Layout]) -> Promised:
        """Type and shape of every tensor; `layouts` by tensor."""
        tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
        for name, matrix in self.matrices.items():
            tensors[name] = ("U8", layouts[name].stored_shape(matrix.n, matrix.k))
            tensors[scale_name(name)] = (self.kind.scale_dtype, (self.kind.scale_slots,))
        return tensors

    def metadata(self) -> dict[str, str]:
        """For the file's header, whose values are strings."""
        table = self.model_dump()
        table["matrices"] = json.dumps(table["matrices"], separators=(",", ":"))
        return table


def scale_name(name: str) -> str:
    """Of the tensor of a stored matrix's scales: both sources add to "...weight"."""
    return f"{name}_scale"


def contents_of(
    spec: NetworkSpec, kind: type[Layout], choose: Callable[[int, int], Layout]
) -> tuple[Contents, dict[str, Layout]]:
    """What the file of a network holds, and by tensor its layout.

    choose  the layout of n x k weights; one of `kind`
    `BitsimError` for a network with a size that the layout does not admit.
    """
    matrices: dict[str, StoredMatrix] = {}
    layouts: dict[str, Layout] = {}
    for index in range(spec.layers):
        for place, product in enumerate(spec.products(index)):
            groups = _fused(spec, index, place, product) if kind.fused else _apart(product)
            for name, parts in groups.items():
                n = sum(part.rows for part in parts)
                with named_in(f"{spec.name}: {name}"):
                    layout = choose(n, product.k)
                    layout.check(n, product.k)
                layouts[name] = layout
                table: dict[str, Any] = layout.model_dump()
                matrices[name] = StoredMatrix(n=n, k=product.k, parameters=table, parts=parts)
    return Contents.model_validate(
        {"format": FORMAT, "layout": kind.label, "matrices": matrices}
    ), layouts


def _fused(
    spec: NetworkSpec, index: int, place: int, product: Product
) -> dict[str, tuple[Part, ...]]:
    rotated = {"q_proj": spec.heads, "k_proj": spec.kv_heads}
    parts = tuple(
        Part(module=module, rows=rows, heads=rotated.get(module.rsplit(".", 1)[1], 0))
        for module, rows in zip(product.matrices, product.rows, strict=True)
    )
    return {f"layers.{index}.{FUSED_NAMES[place]}.weight": parts}


def _apart(product: Product) -> dict[str, tuple[Part, ...]]:
    return {
        matrix_name(module): (Part(module=module, rows=rows),)
        for module, rows in zip(product.matrices, product.rows, strict=True)
    }
