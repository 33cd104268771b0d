"""To a packed Hugging Face folder, every value exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.reference.checkpoints.checkpoint import (
    FINAL_NORM,
    Checkpoint,
    all_gain_names,
    gain_names,
    modules,
    table_names,
)
from bitsim.reference.checkpoints.conversion.survey import Survey, chunks, held_by_bf16
from bitsim.reference.checkpoints.folder.expected import expected_tensors
from bitsim.reference.checkpoints.folder.writer import (
    PACKED,
    FolderPlan,
    require_packable,
    spec_files,
)
from bitsim.reference.kernels import packing
from bitsim.reference.kernels.random_bits import to_bf16
from bitsim.reference.memory import require_memory

SCALE = ".weight_scale"


def plan_folder(
    weights: Checkpoint, survey: Survey, out: Path, files: Mapping[str, bytes]
) -> tuple[FolderPlan, list[str]]:
    """What will be written, and what a person should know of it.

    Embedding, head and gains are BF16 if it holds every one of them, else all are F32: transformers
    multiplies no tensors of different types. So are the scales, each other's alike.

    files  what else the folder gets, by name
    """
    require_packable(weights.spec)
    spec = weights.spec.model_copy(update=PACKED)
    wide = not _all_bf16(weights)
    wide_scales = wide or not held_by_bf16(np.array([*survey.scales.values()], np.float32))
    promised = {}
    for name, expected in expected_tensors(spec).items():
        kind = expected.dtypes[0]
        if kind == "BF16" and (wide_scales if name.endswith(SCALE) else wide):
            kind = "F32"
        promised[name] = (kind, expected.shape)
    notes = []
    if wide:
        notes.append(
            "embedding, head, gains and scales are written as F32, exactly, since bf16 does not "
            "hold them all; transformers computes in float32"
        )
    elif wide_scales:
        notes.append(
            "scales are written as F32, exactly, since bf16 does not hold them all; transformers "
            "rounds them where it computes in bfloat16"
        )
    bytes_each = 4 if wide else 2
    require_memory(bytes_each * spec.vocab_size * spec.hidden_size, f"{spec.name}: its embedding")
    dtype = "float32" if wide else "bfloat16"
    return FolderPlan(out, promised, {**spec_files(spec, dtype), **files}), notes


def folder_tensors(
    weights: Checkpoint, survey: Survey, plan: FolderPlan
) -> Iterator[tuple[str, NDArray[Any]]]:
    """In the order of `expected_tensors`, one after the other."""

    def stored(name: str, values: NDArray[np.float32]) -> tuple[str, NDArray[Any]]:
        return name, to_bf16(values) if plan.promised[name][0] == "BF16" else values

    first, *others = table_names(weights.spec)
    yield first, _table(weights, first, plan)
    weights.release(first)
    yield stored(FINAL_NORM, weights.gains(FINAL_NORM))
    for name in others:
        yield name, _table(weights, name, plan)
        weights.release(name)
    for layer in range(weights.spec.layers):
        for name, _ in gain_names(weights.spec, layer):
            yield stored(name, weights.gains(name))
        for name, rows, k in modules(weights.spec, layer):
            packed = weights.matrix(name, rows, k).packed
            yield f"{name}.weight", packing.to_hugging_face(packed, k)
            yield stored(f"{name}{SCALE}", np.array([survey.scales[name]], np.float32))


def _all_bf16(weights: Checkpoint) -> bool:
    """Whether bf16 holds embedding, head and all gains."""
    return all(
        held_by_bf16(weights.gains(name)) for name, _ in all_gain_names(weights.spec)
    ) and all(
        weights.stored(name)[0] == "BF16" or all(map(held_by_bf16, chunks(weights.table(name))))
        for name in table_names(weights.spec)
    )


def _table(weights: Checkpoint, name: str, plan: FolderPlan) -> NDArray[Any]:
    kind, shape = plan.promised[name]
    own, raw = weights.stored(name)
    if own == kind:
        return raw.view("<u2" if kind == "BF16" else "<f4").reshape(shape)
    out = np.empty(shape, np.uint16 if kind == "BF16" else np.float32)
    begin = 0
    for values in chunks(weights.table(name)):
        end = begin + len(values)
        out[begin:end] = to_bf16(values) if kind == "BF16" else values
        begin = end
    return out
