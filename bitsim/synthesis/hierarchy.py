"""What is in which module, from yosys's `stat -json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ModuleCells:
    """One module of the design.

    copies  how often it is in the design
    cells   by cell type, of one copy, without the modules below it
    below   modules that one copy places, and how often
    """

    module: str
    depth: int
    copies: int
    cells: Mapping[str, int]
    below: Mapping[str, int] = field(default_factory=dict)


def modules(stat: Mapping[str, Any], top: str) -> list[ModuleCells]:
    """The modules from `top` downwards, each once, in the order in which they are met."""
    tables = {
        name.removeprefix("\\"): {
            kind.removeprefix("\\"): count for kind, count in module["num_cells_by_type"].items()
        }
        for name, module in stat["modules"].items()
    }
    copies: Counter[str] = Counter()
    depths: dict[str, int] = {}

    def walk(name: str, depth: int, count: int) -> None:
        copies[name] += count
        depths.setdefault(name, depth)
        for kind, placed in tables[name].items():
            if kind in tables:
                walk(kind, depth + 1, count * placed)

    walk(top, 0, 1)
    return [
        ModuleCells(
            module=name,
            depth=depths[name],
            copies=copies[name],
            cells=_only(tables[name], lambda kind: kind not in tables),
            below=_only(tables[name], lambda kind: kind in tables),
        )
        for name in depths
    ]


def _only(table: Mapping[str, int], wanted: Callable[[str], bool]) -> dict[str, int]:
    return {kind: count for kind, count in sorted(table.items()) if wanted(kind)}


def total(parts: Iterable[ModuleCells]) -> dict[str, int]:
    """Cells of the whole design, by type."""
    cells: Counter[str] = Counter()
    for part in parts:
        for kind, count in part.cells.items():
            cells[kind] += part.copies * count
    return dict(sorted(cells.items()))


def whole(parts: Iterable[ModuleCells], module: str) -> dict[str, int]:
    """Cells of one copy of a module and of all that is below it, by type."""
    by_name = {part.module: part for part in parts}
    cells: Counter[str] = Counter()

    def walk(name: str, count: int) -> None:
        for kind, each in by_name[name].cells.items():
            cells[kind] += count * each
        for below, placed in by_name[name].below.items():
            walk(below, count * placed)

    walk(module, 1)
    return dict(sorted(cells.items()))
