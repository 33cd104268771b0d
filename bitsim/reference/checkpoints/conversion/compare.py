"""What was written against what it was made from, once it is read again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import CheckFailedError, shown_path
from bitsim.reference.checkpoints.checkpoint import (
    Checkpoint,
    all_gain_names,
    modules,
    table_names,
)
from bitsim.reference.checkpoints.conversion.convert import Conversion
from bitsim.reference.checkpoints.conversion.survey import OnDone, chunks, f32, pieces
from bitsim.reference.checkpoints.forms import open_checkpoint

OTHER = {"name", "note", "linear_class", "quantization_mode", "statistics"}  # forms differ in these


def compare(conversion: Conversion, on_layer: OnDone | None = None) -> int:
    """Open what was written, and compare all of it with the source.

    on_layer  called with how many of how many layers are compared
    returns   how many ternary matrices were: codes by digest, and scales
    raises    `CheckFailedError` at the first difference
    """
    source, result = conversion.source, open_checkpoint(conversion.out)
    if source.spec.model_dump(exclude=OTHER) != result.spec.model_dump(exclude=OTHER):
        raise _different(conversion, "its shape")
    compared = 0
    for layer in range(source.spec.layers):
        for name, rows, k in modules(source.spec, layer):
            matrix = result.matrix(name, rows, k)
            if matrix.digest != conversion.survey.digests[name]:
                raise _different(conversion, f"{name}, its codes")
            if f32(matrix.scale) != conversion.survey.scales[name]:
                raise _different(conversion, f"{name}, its scale")
            compared += 1
        if on_layer:
            on_layer(layer + 1, source.spec.layers)
    for name, _ in all_gain_names(source.spec):
        if not _same(source.gains(name), result.gains(name)):
            raise _different(conversion, name)
    for name in table_names(source.spec):
        if not _same_table(source, result, name, conversion.f16):
            raise _different(conversion, name)
    return compared


def _same_table(source: Checkpoint, result: Checkpoint, name: str, f16: bool) -> bool:
    own, raw = source.stored(name)
    kind, written = result.stored(name)
    same: Iterator[bool]
    if own == kind:
        same = map(np.array_equal, pieces(raw), pieces(written))
    else:
        kept: Iterator[NDArray[np.float32]] = chunks(source.table(name))
        if f16:
            kept = (each.astype(np.float16).astype(np.float32) for each in kept)
        same = map(_same, kept, chunks(result.table(name)))
    for each in same:
        source.release(name)
        result.release(name)
        if not each:
            return False
    return True


def _same(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> bool:
    """Bit for bit: 0 is not -0."""
    return np.array_equal(ours.view(np.uint32), theirs.view(np.uint32))


def _different(conversion: Conversion, what: str) -> CheckFailedError:
    return CheckFailedError(
        f"{shown_path(conversion.out)}: {what}: differs from the source; do not use it, and report "
        f"this"
    )
