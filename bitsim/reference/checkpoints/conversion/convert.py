"""A checkpoint in another form: planned, then written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bitsim.files.place import require_place
from bitsim.reference.checkpoints.checkpoint import Checkpoint
from bitsim.reference.checkpoints.conversion import tokenizer
from bitsim.reference.checkpoints.conversion.survey import OnDone, Survey, survey
from bitsim.reference.checkpoints.conversion.to_folder import folder_tensors, plan_folder
from bitsim.reference.checkpoints.conversion.to_gguf import (
    all_keys,
    gguf_tensors,
    plan_gguf,
    require_blocks,
    require_f16_scale,
    require_name,
)
from bitsim.reference.checkpoints.folder.writer import FolderPlan, require_packable, write_folder
from bitsim.reference.checkpoints.forms import open_checkpoint
from bitsim.reference.checkpoints.gguf.writer import GgufPlan, write_gguf

Form = Literal["safetensors", "i2_s", "tq2_0"]
FORMS: tuple[Form, ...] = get_args(Form)


@dataclass(frozen=True, eq=False)
class Conversion:
    """What will be written, known before any of it is.

    f16      embedding and head are rounded to F16
    rounded  how many of their values that changes
    notes    what a person should know
    """

    source: Checkpoint
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
    name: str, form: Form, out: Path, f16: bool = False, on_layer: OnDone | None = None
) -> Conversion:
    """Look at the whole source and check everything that can be at fault; nothing is written.

    name  of a checkpoint: a folder, or a .gguf file
    out   must not be there yet, and its disk must have the bytes free
    """
    what = "folder" if form == "safetensors" else "file"
    require_place(out, 0, what)
    source = open_checkpoint(name)
    plan: FolderPlan | GgufPlan
    rounded = 0
    if form == "safetensors":
        require_packable(source.spec)
        files, said = tokenizer.files(source)
        found = survey(source, on_layer)
        plan, notes = plan_folder(source, found, out, files)
    else:
        kind = form.upper()
        require_name(out)
        require_blocks(source.spec, kind)
        own, said = tokenizer.keys(source)
        keys = all_keys(source.spec, kind, own)
        found = survey(source, on_layer, require_f16_scale if kind == "TQ2_0" else None)
        plan, notes, rounded = plan_gguf(source, out, kind, f16, keys)
    require_place(out, plan.total_bytes, what)
    return Conversion(source, found, form, f16, rounded, plan, (*notes, *said))


def write_conversion(conversion: Conversion, on_bytes: OnDone | None = None) -> None:
    """Write the folder or the file, whole or not at all.

    on_bytes  called with how many of how many bytes are written
    """
    source, found, plan = conversion.source, conversion.survey, conversion.plan
    meter = _Meter(plan.total_bytes, on_bytes)
    if isinstance(plan, GgufPlan):
        tensors = gguf_tensors(source, found, conversion.form.upper(), conversion.f16)
        write_gguf(plan, ((name, meter.pieces(pieces)) for name, pieces in tensors))
    else:
        write_folder(plan, meter.tensors(folder_tensors(source, found, plan)))


class _Meter:
    """Passes on what it is given, and says how much of all it was."""

    def __init__(self, total_bytes: int, on_bytes: OnDone | None) -> None:
        self._done_bytes = 0
        self._total_bytes = total_bytes
        self._on_bytes = on_bytes

    def pieces(self, pieces: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
        for piece in pieces:
            yield piece
            self._add(piece.nbytes)

    def tensors(
        self, tensors: Iterable[tuple[str, NDArray[Any]]]
    ) -> Iterator[tuple[str, NDArray[Any]]]:
        for name, values in tensors:
            nbytes = values.nbytes
            yield name, values
            del values  # before the next one is made
            self._add(nbytes)

    def _add(self, nbytes: int) -> None:
        self._done_bytes += nbytes
        if self._on_bytes:
            self._on_bytes(self._done_bytes, self._total_bytes)
