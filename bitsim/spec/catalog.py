"""What models/ holds, and the one place where a name, a path or an object becomes a part.

`load_*` gets what the user gave, in Python or on the command line: a name of models/, a path, or
the part itself, which is handed back. A network with its weights is loaded in the same way by
`reference.checkpoints.load`.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Literal

from bitsim.errors import BitsimError, reason, shown, shown_path
from bitsim.spec import base
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.board import BoardSpec
from bitsim.spec.checkpoint_source import CheckpointSource
from bitsim.spec.network import NetworkSpec
from bitsim.spec.network import from_config as config_shape
from bitsim.spec.technology import TechnologySpec

Kind = Literal["networks", "accelerators", "technologies", "sweeps", "checkpoints", "boards"]
Named = str | Path
PATHS = (".toml", ".json")  # what ends so is a path

_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


def models_folder() -> Path:
    """`models/` of the checkout, or its copy in an installed wheel."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_models", package.parent / "models"):
        if (folder / "accelerators").is_dir():
            return folder
    raise BitsimError(f"{package}: models/ is missing; install bitsim again")


def names(kind: Kind) -> list[str]:
    """What can be named without a path."""
    return sorted(_entries(kind))


def find(kind: Kind, name: object) -> Path:
    """The path of a name of models/, or the path that the user gave."""
    if isinstance(name, Path):
        return name
    if not isinstance(name, str):
        one = kind.removesuffix("ies") + "y" if kind.endswith("ies") else kind.removesuffix("s")
        raise BitsimError(
            f"{one} = {shown(name)}: give a name of models/{kind}, a path, or what bitsim.load_* "
            f"made of one"
        )
    entries = _entries(kind)
    if name in entries:
        return entries[name]
    path = Path(name)
    like_a_path = path.suffix in PATHS or "/" in name  # names may have dots
    if name and "\0" not in name and (_exists(path) or like_a_path):
        return path
    near = difflib.get_close_matches(name, entries, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"one of: {', '.join(sorted(entries))}"
    raise BitsimError(f"{name[:80]!r}: no such name in {kind}, and no such path; {hint}")


def from_file(file: Path, kind: Kind, name: str) -> str:
    """What a file names: a name of models/, or a path as seen from the file's own folder."""
    beside = file.parent / name  # an absolute path stays what it is
    like_a_path = beside.suffix in PATHS or "/" in name
    if name in _entries(kind) or not (like_a_path or _exists(beside)):
        return name
    return str(beside)


def load_accelerator(accelerator: Named | AcceleratorSpec) -> AcceleratorSpec:
    """An accelerator by name or by the path of its TOML file."""
    if isinstance(accelerator, AcceleratorSpec):
        return accelerator
    path = find("accelerators", accelerator)
    spec = base.load(AcceleratorSpec, path)
    technology = from_file(path, "technologies", spec.technology)
    return spec.model_copy(update={"technology": technology})


def load_network_spec(network: Named | NetworkSpec) -> NetworkSpec:
    """A network's shape by name, by a TOML file, or by a folder with a `config.json`."""
    if isinstance(network, NetworkSpec):
        return network
    path = find("networks", network)
    if path.is_dir():
        return config_shape(path / "config.json")
    if path.name == "config.json":
        return config_shape(path)
    if path.suffix == ".gguf":
        raise BitsimError(
            f"{shown_path(path)}: GGUF holds no zero fractions, which a shape needs here; name a "
            f"TOML or a folder, or record a trace of it and simulate that"
        )
    return base.load(NetworkSpec, path)


def load_technology(technology: Named | TechnologySpec) -> TechnologySpec:
    """A technology by name or by the path of its TOML file."""
    if isinstance(technology, TechnologySpec):
        return technology
    return base.load(TechnologySpec, find("technologies", technology))


def load_board(board: Named | BoardSpec) -> BoardSpec:
    """An FPGA board by name or by the path of its TOML file."""
    if isinstance(board, BoardSpec):
        return board
    return base.load(BoardSpec, find("boards", board))


def load_checkpoint_source(name: str) -> CheckpointSource:
    """Where a checkpoint is published: by name, by repository (owner/name), or by a TOML file."""
    for path in _entries("checkpoints").values():
        source = base.load(CheckpointSource, path)
        if source.repo.lower() == name.lower():  # the Hub ignores case, too
            return source
    return base.load(CheckpointSource, find("checkpoints", name))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError) as error:  # too long, or in a folder that may not be entered
        raise BitsimError(
            f"{shown_path(path)}: cannot be read ({reason(error)}); check the path"
        ) from None


def _entries(kind: Kind) -> dict[str, Path]:
    folder = models_folder() / kind
    entries = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.is_dir() and (path / "config.json").exists():
            entries[path.name] = path
        elif path.suffix == ".toml" and _SAFE_NAME.fullmatch(path.stem):
            entries[path.stem] = path
    return entries
