"""A checkpoint in another form: planned, written, read again and compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from bitsim.errors import CheckFailedError, shown_path
from bitsim.reference.conversion.survey import OnLayer, Survey, chunks, f32, survey
from bitsim.reference.conversion.to_folder import folder_tensors, plan_folder
from bitsim.reference.conversion.to_gguf import gguf_tensors, plan_gguf, require_blocks
from bitsim.reference.gguf_writer import GgufPlan, write_gguf
from bitsim.reference.packed_folder import FolderPlan, require_packable, write_folder
from bitsim.reference.place import require_place
from bitsim.reference.weights import (
    Weights,
    all_gain_names,
    find_checkpoint,
    modules,
    open_weights,
    table_names,
)

Form = Literal["safetensors", "i2_s", "tq2_0"]
FORMS: tuple[Form, ...] = get_args(Form)


@dataclass(frozen=True, eq=False)
class Conversion:
    """What will be written, known before any of it is.

    f16      embedding and head are rounded to F16
    rounded  how many of their values that changes
    notes    what a person should know
    """

    source: Weights
    survey: Survey
    form: Form
    f16: bool
    rounded: int
    plan: FolderPlan | GgufPlan
    notes: tuple[str, ...]

    @property
    def out(self) -> Path:
        """The folder or the file."""
        return self.plan.path if isinstance(self.plan, GgufPlan) else self.plan.folder


def plan_conversion(
    name: str, form: Form, out: Path, f16: bool = False, on_layer: OnLayer | None = None
) -> Conversion:
    """Look at the whole source and check everything that can be at fault; nothing is written.

    name  of a checkpoint: a folder, or a .gguf file
    out   must not be there yet, and its disk must have the bytes free
    """
    what = "folder" if form == "safetensors" else "file"
    require_place(out, 0, what)
    source = open_weights(find_checkpoint(name))
    plan: FolderPlan | GgufPlan
    rounded = 0
    if form == "safetensors":
        require_packable(source.spec)
        found = survey(source, on_layer)
        plan, notes = plan_folder(source, found, out, {})
    else:
        require_blocks(source.spec, form.upper())
        found = survey(source, on_layer)
        plan, notes, rounded = plan_gguf(source, found, out, form.upper(), f16, {})
    require_place(out, plan.total_bytes, what)
    return Conversion(source, found, form, f16, rounded, plan, tuple(notes))


def write_conversion(conversion: Conversion, on_layer: OnLayer | None = None) -> None:
    """Write the folder or the file, whole or not at all."""
    source, found, plan = conversion.source, conversion.survey, conversion.plan
    if isinstance(plan, GgufPlan):
        kind = conversion.form.upper()
        write_gguf(plan, gguf_tensors(source, found, kind, conversion.f16, on_layer))
    else:
        write_folder(plan, folder_tensors(source, found, plan, on_layer))


def compare(conversion: Conversion, on_layer: OnLayer | None = None) -> int:
    """Open what was written, and compare all of it with the source.

    returns  how many ternary matrices were compared: codes by digest, and scales
    raises   `CheckFailedError` at the first difference
    """
    source, result = conversion.source, open_weights(conversion.out)
    same = {"name", "note", "linear_class", "quantization_mode", "statistics"}
    if source.spec.model_dump(exclude=same) != result.spec.model_dump(exclude=same):
        raise _different(conversion, "its shape")
    for name in table_names(source.spec):
        for ours, theirs in zip(
            chunks(source.table(name)), chunks(result.table(name)), strict=True
        ):
            kept = ours.astype(np.float16).astype(np.float32) if conversion.f16 else ours
            if not np.array_equal(kept.view(np.uint32), theirs.view(np.uint32)):
                raise _different(conversion, name)
    for name, _ in all_gain_names(source.spec):
        ours, theirs = source.gains(name), result.gains(name)
        if not np.array_equal(ours.view(np.uint32), theirs.view(np.uint32)):
            raise _different(conversion, name)
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
    return compared


def _different(conversion: Conversion, what: str) -> CheckFailedError:
    return CheckFailedError(
        f"{shown_path(conversion.out)}: {what}: differs from the source; do not use it, and report "
        f"this"
    )
