"""Whether a file in a layout holds just the ternary weights of a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bitsim.errors import BitsimError, shown_path
from bitsim.reference.checkpoints.checkpoint import Checkpoint
from bitsim.reference.checkpoints.layouts.reader import read_layout
from bitsim.reference.kernels import floats
from bitsim.reference.kernels.random_bits import to_bf16


@dataclass(frozen=True)
class Comparison:
    """Names are those of Hugging Face modules."""

    matrices: int
    different: tuple[str, ...]  # weights, or a scale that is not the nearest of its type
    other_scales: tuple[str, ...]  # rounded to the layout's type


def compare_layout(
    source: Checkpoint, path: Path, on_matrix: Callable[[int, int], None] | None = None
) -> Comparison:
    """Read a file back and compare; `BitsimError` if it holds other matrices than the checkpoint.

    on_matrix  called with how many of how many matrices are compared
    """
    expected = {
        module: (rows, product.k)
        for index in range(source.spec.layers)
        for product in source.spec.products(index)
        for module, rows in zip(product.matrices, product.rows, strict=True)
    }
    count = len(expected)
    different, other_scales = [], []
    for done, found in enumerate(read_layout(path), 1):
        size = expected.pop(found.name, None)
        if size != (found.n, found.k):
            wanted = "not in it" if size is None else f"{size[0]} x {size[1]} in it"
            raise BitsimError(
                f"{shown_path(path)}: {found.name} ({found.n} x {found.k}) is {wanted}; name the "
                f"checkpoint that the file was made from"
            )
        own = source.matrix(found.name, found.n, found.k)
        if found.scale != own.scale:
            other_scales.append(found.name)
        if not np.array_equal(found.packed, own.packed) or not _rounded(own.scale, found.scale):
            different.append(found.name)
        if on_matrix:
            on_matrix(done, count)
    if expected:
        raise BitsimError(
            f"{shown_path(path)}: {next(iter(expected))} is missing; name the checkpoint that the "
            f"file was made from"
        )
    return Comparison(count, tuple(different), tuple(other_scales))


def _rounded(exact: float, kept: float) -> bool:
    """Whether a scale is kept as it is, or as the nearest number of f32 or of bf16."""
    number = np.array([exact], np.float32)
    return kept in (exact, float(number[0]), float(floats.from_bf16(to_bf16(number))[0]))
