"""bitnet.cpp's kernel_config.ini: the tile sizes that its generators wrote for some kernels.

One section for each matrix: m and k, its rows and columns; bm, bk and bmm, its sizes. Source:
microsoft/BitNet, utils/codegen_tl1.py and codegen_tl2.py, which write it into include/.
"""

from __future__ import annotations

import configparser
from pathlib import Path

from pydantic import Field

from bitsim.errors import BitsimError, shown, shown_path
from bitsim.reference.checkpoints.layouts.tiles import LARGEST, Sizes
from bitsim.spec import base
from bitsim.spec.base import Spec

LONGEST = 12  # digits of a number


class Kernel(Spec):
    """One section."""

    m: int = Field(ge=1)
    k: int = Field(ge=1)
    bm: int = Field(ge=1, le=LARGEST)
    bk: int = Field(ge=1, le=LARGEST)
    bmm: int = Field(ge=1, le=LARGEST)


def read_kernel_config(path: Path) -> dict[tuple[int, int], Sizes]:
    """Sizes by (n, k); the first of two sections for one matrix counts, as for the converter."""
    where = shown_path(path)
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(base.read_text(path))
    except configparser.Error as error:
        line = str(error.message).splitlines()[0]
        raise BitsimError(f"{where}: {shown(line, 120)}; mend the file") from None
    if not parser.sections():
        raise BitsimError(f"{where}: has no section; use one that codegen_tl1.py or _tl2.py wrote")
    sizes: dict[tuple[int, int], Sizes] = {}
    for section in parser.sections():
        table = {key: _number(text) for key, text in parser.items(section)}
        kernel = base.check(Kernel, table, f"{where}: {shown(section)}")
        sizes.setdefault((kernel.m, kernel.k), (kernel.bm, kernel.bk, kernel.bmm))
    return sizes


def _number(text: str) -> int | str:
    """As a number where it is one; `Kernel` refuses others by their text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST else text
