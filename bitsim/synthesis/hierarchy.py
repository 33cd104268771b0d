"""What is in which module, from yosys's `stat -json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ModuleCells:
    """One module of the design.

    copies  how often it is in the design
    cells   by cell type, of one copy, without the modules below it
    """

    module: str
    depth: int
    copies: int
    cells: Mapping[str, int]


def modules(stat: Mapping[str, Any], top: str) -> list[ModuleCells]:
    """The modules from `top` downwards, each once, in the order in which they are met."""
    tables = {
        name.removeprefix("\\"): module["num_cells_by_type"]
        for name, module in stat["modules"].items()
    }
    copies: Counter[str] = Counter()
    depths: dict[str, int] = {}

    def walk(name: str, depth: int, count: int) -> None:
        copies[name] += count
        depths.setdefault(name, depth)
        for kind, placed in tables[name].items():
            if kind.removeprefix("\\") in tables:
                walk(kind.removeprefix("\\"), depth + 1, count * placed)

    walk(top, 0, 1)
    return [
        ModuleCells(
            module=name,
            depth=depths[name],
            copies=copies[name],
            cells={
                kind: count
                for kind, count in sorted(tables[name].items())
                if kind.removeprefix("\\") not in tables
            },
        )
        for name in depths
    ]


def total(parts: list[ModuleCells]) -> dict[str, int]:
    """Cells of the whole design, by type."""
    cells: Counter[str] = Counter()
    for part in parts:
        for kind, count in part.cells.items():
            cells[kind] += part.copies * count
    return dict(sorted(cells.items()))
