"""A checkpoint's ternary matrices as a file in a layout, one stored matrix in memory at a time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError, shown_path
from bitsim.files.atomic import unwritable
from bitsim.files.tensorfile import Promised, file_bytes, stream_tensors
from bitsim.reference.checkpoints.checkpoint import Checkpoint
from bitsim.reference.checkpoints.layouts import LAYOUTS, Layout, fused
from bitsim.reference.checkpoints.layouts.contents import Contents, contents_of, scale_name
from bitsim.reference.checkpoints.layouts.kernel_config import read_kernel_config
from bitsim.reference.kernels import floats
from bitsim.reference.kernels.random_bits import to_bf16
from bitsim.spec import base
from bitsim.spec.ternary import TernaryMatrix


@dataclass(frozen=True)
class Plan:
    """What will be written, known before any of it is made."""

    path: Path
    contents: Contents
    layouts: dict[str, Layout]  # by tensor
    promised: Promised
    source: Checkpoint

    @property
    def total_bytes(self) -> int:
        """Of the file."""
        return file_bytes(self.promised, self.contents.metadata())


def plan_layout(
    source: Checkpoint, label: str, path: Path, kernel_config: Path | None = None
) -> Plan:
    """Check everything that can be at fault in shapes and places; nothing is written.

    label          of LAYOUTS
    path           must not be there yet, and its disk must have the bytes free
    kernel_config  bitnet.cpp's file of tile sizes, which must have every matrix; None: the
                   published sizes or, where there are none, chosen ones
    """
    kind = LAYOUTS[label]
    choose = kind.for_shape if kernel_config is None else _configured(kind, kernel_config)
    contents, layouts = contents_of(source.spec, kind, choose)
    plan = Plan(path, contents, layouts, contents.promised(layouts), source)
    try:
        if path.exists() or path.is_symlink():
            raise BitsimError(f"{shown_path(path)}: exists already; name a new file")
        free_bytes = shutil.disk_usage(path.absolute().parent).free
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None
    if plan.total_bytes > free_bytes:
        raise BitsimError(
            f"{shown_path(path)}: needs {plan.total_bytes} bytes, {free_bytes} are free on its "
            f"disk; free space, or name another place"
        )
    return plan


def _configured(kind: type[Layout], path: Path) -> Callable[[int, int], Layout]:
    if "bm" not in kind.model_fields:
        raise BitsimError(
            f"{shown_path(path)}: layout {kind.label} has no tile sizes; leave it away"
        )
    sizes = read_kernel_config(path)

    def choose(n: int, k: int) -> Layout:
        if (n, k) not in sizes:
            raise BitsimError(
                f"{shown_path(path)}: has no section with m = {n} and k = {k}; generate the "
                f"kernels of this network"
            )
        table = dict(zip(("bm", "bk", "bmm"), sizes[n, k], strict=True))
        return base.check(kind, table, shown_path(path))

    return choose


def write_layout(plan: Plan, on_matrix: Callable[[int, int], None] | None = None) -> int:
    """Write the file, whole or not at all.

    on_matrix  called with how many of how many stored matrices are written
    returns    how many scales had to be rounded to the layout's type
    """
    tensors = _Tensors(plan, on_matrix)
    stream_tensors(plan.path, plan.promised, tensors.stream(), plan.contents.metadata())
    return tensors.rounded


class _Tensors:
    """Makes the tensors in their order, and counts rounded scales."""

    def __init__(self, plan: Plan, on_matrix: Callable[[int, int], None] | None) -> None:
        self.plan = plan
        self.on_matrix = on_matrix
        self.rounded = 0

    def stream(self) -> Iterator[tuple[str, NDArray[Any]]]:
        stored = self.plan.contents.matrices
        for done, (name, matrix) in enumerate(stored.items(), 1):
            read = self.plan.source.matrix
            parts = [read(part.module, part.rows, matrix.k) for part in matrix.parts]
            layout = self.plan.layouts[name]
            packed = fused.fuse(
                [part.packed for part in parts], [part.heads for part in matrix.parts]
            )
            encoded = layout.encode(packed, matrix.n, matrix.k)
            yield name, encoded.reshape(layout.stored_shape(matrix.n, matrix.k))
            yield scale_name(name), self._scales(name, layout, parts)
            if self.on_matrix:
                self.on_matrix(done, len(stored))

    def _scales(self, name: str, layout: Layout, parts: list[TernaryMatrix]) -> NDArray[Any]:
        exact = np.zeros(layout.scale_slots)
        exact[: len(parts)] = [part.scale for part in parts]
        if layout.scale_dtype == "BF16":
            kept: NDArray[Any] = to_bf16(exact)
            values = floats.from_bf16(kept)
        else:
            kept = values = exact.astype(np.float32)
        if not np.isfinite(values).all():
            raise BitsimError(
                f"{self.plan.source.spec.name}: the scale of {name} is beyond "
                f"{layout.scale_dtype}; use a sound checkpoint"
            )
        self.rounded += int(np.count_nonzero(values != exact))
        return kept
