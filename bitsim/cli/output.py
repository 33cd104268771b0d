"""What a command hands out: JSON, text as wide as the terminal, and folders of files."""

from __future__ import annotations

import errno
import json
import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bitsim.errors import BitsimError, reason
from bitsim.files.atomic import atomic_file
from bitsim.files.together import together


def print_json(table: dict[str, Any]) -> None:
    """One JSON document on stdout."""
    print(json.dumps(table, indent=2, allow_nan=False))


def command_line() -> str:
    """What the user typed, for the files that say how they were made."""
    return shlex.join(["bitsim", *sys.argv[1:]])


def width() -> int | None:
    """Columns that a line on stdout may have: COLUMNS, else the terminal's; None: any number."""
    with suppress(ValueError):
        columns = int(os.environ.get("COLUMNS", ""))
        if columns > 0:
            return columns
    with suppress(OSError, ValueError):  # not a terminal, or not even a file
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    return None


@contextmanager
def out_folder(path: str) -> Iterator[Path]:
    """Make (or take) a folder for results; `BitsimError` if it cannot be written to.

    What was made and is still empty at the end is removed: a command that fails leaves nothing.
    """
    folder = Path(path)
    made: list[Path] = []
    try:
        try:
            _make(folder, made)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except (OSError, ValueError) as error:
            raise BitsimError(
                f"--out {path[:200]!r}: {reason(error)}; choose another folder"
            ) from None
        yield folder
    finally:
        for each in reversed(made):
            with suppress(OSError):  # something is in it
                each.rmdir()


def keep(folder: Path, names: Iterable[str], out: Path) -> None:
    """Copy those files of a working folder that are there; of the others no older ones stay."""
    with together() as files:
        for name in names:
            if (folder / name).is_file():
                with atomic_file(files.place(out / name)) as file:
                    file.write((folder / name).read_bytes())
            else:
                files.remove(out / name)


def _make(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it; `made` gets them, the outermost first."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        if folder.parent == folder:
            break
        folder = folder.parent
    for each in reversed(missing):
        made.append(each)
        each.mkdir(exist_ok=True)
