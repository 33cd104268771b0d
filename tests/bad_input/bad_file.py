"""One bad input: its files, the command that meets them, and what bitsim must say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class BadFile:
    """A fault that a user can bring along.

    files   by path below a folder of its own; empty: the fault is in the arguments
    blamed  the file that every line on stderr must name; empty: the fault is in the arguments
    argv    of `bitsim`; {here} is the folder, {out} a place for results that must stay empty
    says    what one of the lines on stderr must have: field and value
    sizes   by path, bytes that a file is lengthened to; what is added takes no room on a disk
    """

    kind: str
    name: str
    files: Mapping[str, bytes]
    blamed: str
    argv: tuple[str, ...]
    says: str
    sizes: Mapping[str, int] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Put the files where the command will look."""
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in self.files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        for path, size_bytes in self.sizes.items():
            os.truncate(folder / path, size_bytes)

    def command(self, folder: Path, out: Path) -> list[str]:
        """The arguments, with folders filled in."""
        return [
            each.replace("{here}", str(folder)).replace("{out}", str(out)) for each in self.argv
        ]
