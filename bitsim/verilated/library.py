"""Verilator's run-time library, compiled once for all benches of a folder.

Its objects are the same for every design. So are its headers, which g++ reads again in every file:
they are compiled ahead, once for each level of optimisation. Verilator itself would compile them
with the headers of each design, which takes longer than a small design's own files.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

OBJECTS = ("verilated.o", "verilated_dpi.o", "verilated_vpi.o", "verilated_threads.o")

_HEADER = "library.h"
HEADERS = (f"{_HEADER}.fast.gch", f"{_HEADER}.slow.gch")

# Of the makefile that verilator writes: what is compiled ahead, and what every file includes first.
VARIABLES = (
    f"VK_PCH_H={_HEADER}",
    f"VK_PCH_I_FAST=-include {_HEADER}.fast",
    f"VK_PCH_I_SLOW=-include {_HEADER}.slow",
)


def bring(made: Path, kept: Sequence[Path]) -> None:
    """Put the header where a design is built, with all parts of the library that were kept."""
    header = made / _HEADER
    header.write_text('#include "verilated.h"\n')
    os.utime(header, (0, 0))  # older than the header that another design has compiled
    for folder in kept:
        if folder.is_dir():
            for path in folder.iterdir():
                (made / path.name).symlink_to(path.resolve())


def copy(names: Sequence[str], made: Path, folder: Path) -> None:
    """Keep, in a new folder, what was compiled for this design and serves others."""
    folder.mkdir()
    for name in names:
        if (made / name).exists():
            shutil.copy(made / name, folder / name)
