"""A file in a layout as the ternary matrices of a network, checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bitsim.errors import BitsimError, named_in, shown, shown_path
from bitsim.files import strict_json
from bitsim.files.tensorfile import TensorFile, open_tensors
from bitsim.reference.checkpoints.layouts import Layout, fused
from bitsim.reference.checkpoints.layouts.contents import Contents, StoredMatrix, scale_name
from bitsim.reference.kernels import floats
from bitsim.spec import base
from bitsim.spec.ternary import TernaryMatrix

SMALLEST_NORMAL = float(np.finfo(np.float32).tiny)


def read_layout(path: Path) -> Iterator[TernaryMatrix]:
    """The matrices of a file that `write_layout` made, in its order, one stored matrix at a time.

    All of the header is checked before this returns; codes and scales when their turn comes.
    """
    file = open_tensors(path)
    contents = _contents(file)
    layouts = {name: _layout(file, contents, name) for name in contents.matrices}
    _check_tensors(file, contents, layouts)
    return _matrices(file, contents, layouts)


def _contents(file: TensorFile) -> Contents:
    where = shown_path(file.path)
    table: dict[str, Any] = dict(file.metadata)
    if "matrices" not in table:
        raise BitsimError(
            f"{where}: metadata 'matrices' is missing; use a file of `bitsim checkpoint layout`"
        )
    try:
        table["matrices"] = strict_json.parse(table["matrices"])
    except ValueError as error:
        raise BitsimError(
            f"{where}: metadata 'matrices' is not plain JSON: {error}; write the file again"
        ) from None
    return base.check(Contents, table, f"{where}: metadata")


def _layout(file: TensorFile, contents: Contents, name: str) -> Layout:
    matrix = contents.matrices[name]
    where = f"{shown_path(file.path)}: {shown(name)}"
    layout = base.check(contents.kind, matrix.parameters, f"{where}: parameters")
    with named_in(where):
        layout.check(matrix.n, matrix.k)
    if len(matrix.parts) > layout.scale_slots:
        raise BitsimError(
            f"{where}: {len(matrix.parts)} parts; {layout.label} has {layout.scale_slots} scales "
            f"for them: write the file again"
        )
    return layout


def _check_tensors(file: TensorFile, contents: Contents, layouts: dict[str, Layout]) -> None:
    promised = contents.promised(layouts)
    for name in promised:
        if name not in file.names:
            raise _fault(file, name, "is missing; write the file again")
    for name in file.names:
        if name not in promised:
            raise _fault(file, name, "is none that the metadata names; write the file again")
        dtype, shape = file.dtype(name), file.shape(name)
        if (dtype, shape) != promised[name]:
            needs, size = promised[name]
            raise _fault(
                file,
                name,
                f"is {dtype} {list(shape)}, the metadata asks for {needs} {list(size)}; "
                f"write the file again",
            )


def _matrices(
    file: TensorFile, contents: Contents, layouts: dict[str, Layout]
) -> Iterator[TernaryMatrix]:
    for name, matrix in contents.matrices.items():
        with named_in(f"{shown_path(file.path)}: tensor {shown(name)}"):
            packed = layouts[name].decode(file.tensor(name), matrix.n, matrix.k)
        file.release(name)
        rows = [part.rows for part in matrix.parts]
        parts = fused.split(packed, rows, [part.heads for part in matrix.parts])
        scales = _scales(file, name, matrix)
        for part, weights, scale in zip(matrix.parts, parts, scales, strict=True):
            weights.flags.writeable = False
            yield TernaryMatrix(part.module, part.rows, matrix.k, weights, scale)


def _scales(file: TensorFile, name: str, matrix: StoredMatrix) -> list[float]:
    """A scale for each part; the slots after these hold 0."""
    values = file.tensor(scale_name(name))
    numbers = floats.from_bf16(values) if values.dtype == np.uint16 else values
    used, unused = numbers[: len(matrix.parts)], numbers[len(matrix.parts) :]
    for scale in used:
        if not SMALLEST_NORMAL <= scale < float("inf"):
            raise _fault(
                file,
                scale_name(name),
                f"has the scale {scale:g}; a scale is a finite number above 0 and not denormal: "
                f"write the file again",
            )
    if unused.any():
        raise _fault(
            file,
            scale_name(name),
            f"has {unused[unused != 0][0]:g} after its {len(used)} scales, where 0 belongs; "
            f"write the file again",
        )
    return [float(scale) for scale in used]


def _fault(file: TensorFile, name: str, text: str) -> BitsimError:
    return BitsimError(f"{shown_path(file.path)}: tensor {shown(name)} {text}")
