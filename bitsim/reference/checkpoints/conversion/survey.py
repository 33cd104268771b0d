"""What a checkpoint holds, looked at once before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitsim.reference.checkpoints.checkpoint import Checkpoint, modules
from bitsim.reference.tables import Table

CHUNK_VALUES = 1 << 22  # of a table, decoded at a time
PIECE_BYTES = 1 << 24

OnDone = Callable[[int, int], None]  # how many of how many are done


@dataclass(frozen=True)
class Survey:
    """By module: sha256 of shape and codes, and what codes are multiplied by, a number of f32."""

    digests: dict[str, str]
    scales: dict[str, float]


def survey(
    weights: Checkpoint,
    on_layer: OnDone | None = None,
    require_scale: Callable[[str, float], None] | None = None,
) -> Survey:
    """Read every matrix, so that no fault of one is found later.

    require_scale  called with each module's name and scale; raises if it cannot be written
    """
    digests, scales = {}, {}
    for layer in range(weights.spec.layers):
        for name, rows, k in modules(weights.spec, layer):
            matrix = weights.matrix(name, rows, k)
            scales[name] = f32(matrix.scale)
            if require_scale:
                require_scale(name, scales[name])
            digests[name] = matrix.digest
        if on_layer:
            on_layer(layer + 1, weights.spec.layers)
    return Survey(digests, scales)


def f32(scale: float) -> float:
    """The scale that `quantizer.dequantize` multiplies by."""
    return float(np.float32(scale))


def chunks(table: Table) -> Iterator[NDArray[np.float32]]:
    """The values of a table, some rows (rows, hidden) at a time."""
    step = max(1, CHUNK_VALUES // table.hidden)
    for begin in range(0, table.vocab, step):
        yield table.rows(np.arange(begin, min(begin + step, table.vocab)))


def pieces(raw: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """The bytes of a table, some at a time."""
    for begin in range(0, raw.size, PIECE_BYTES):
        yield raw[begin : begin + PIECE_BYTES]


def held_by_bf16(values: NDArray[np.float32]) -> bool:
    """Whether bf16 has every one of these very numbers."""
    return not (values.view(np.uint32) & np.uint32(0xFFFF)).any()
