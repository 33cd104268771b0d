"""The forms of a checkpoint: one entry for each. A further form is new files and one entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bitsim.errors import BitsimError, shown_path
from bitsim.reference.checkpoints.checkpoint import Checkpoint
from bitsim.reference.checkpoints.folder import checkpoint as folder
from bitsim.reference.checkpoints.gguf import checkpoint as gguf
from bitsim.spec import catalog
from bitsim.spec.catalog import Named
from bitsim.spec.network import NetworkSpec


@dataclass(frozen=True)
class Form:
    """A form of a checkpoint.

    recognises  whether a path is one, by its name and kind alone: a faulty one is still one
    open        everything but the weights is checked
    shape       the shape alone, from its header
    """

    name: str
    recognises: Callable[[Path], bool]
    open: Callable[[Path], Checkpoint]
    shape: Callable[[Path], NetworkSpec]


FORMS = [
    Form("folder", folder.is_folder, folder.open_folder_checkpoint, folder.folder_shape),
    Form("gguf", gguf.is_gguf, gguf.open_gguf_checkpoint, gguf.gguf_shape),
]


def form_of(path: Path) -> Form | None:
    """The first form that recognises a path; None for a shape, and for anything else."""
    return next((form for form in FORMS if form.recognises(path)), None)


def open_checkpoint(name: Named) -> Checkpoint:
    """A checkpoint by a name of models/networks or by its path, in any form."""
    path = catalog.find("networks", name)
    form = form_of(path)
    if form is None and path.exists():
        raise BitsimError(
            f"{shown_path(path)}: is no checkpoint; name a folder with config.json and "
            f"model.safetensors, or a .gguf file (`bitsim checkpoint make` makes one of a shape)"
        )
    if form is None:
        raise BitsimError(
            f"{shown_path(path)}: no such file or folder; check the path, or see `bitsim list`"
        )
    return form.open(path)
