"""Look-up tables of a Liberty file over input transition and load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError
from bitsim.synthesis.liberty.group import Group, as_number

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Table:
    """Straight lines between its points, and on beyond them.

    transitions  of its rows, ps
    loads_ff     of its columns
    values       (transitions, loads)

    An axis that it does not depend on has one place.
    """

    transitions: Floats
    loads_ff: Floats
    values: Floats

    def at(self, transitions: Floats, loads_ff: Floats) -> Floats:
        """The values there, element by element."""
        i, u = _places(self.transitions, transitions)
        j, v = _places(self.loads_ff, loads_ff)
        below = np.minimum(i + 1, len(self.transitions) - 1)
        right = np.minimum(j + 1, len(self.loads_ff) - 1)
        upper = self.values[i, j] * (1 - v) + self.values[i, right] * v
        lower = self.values[below, j] * (1 - v) + self.values[below, right] * v
        return upper * (1 - u) + lower * u


def _places(axis: Floats, x: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Which interval, and how far into it."""
    if len(axis) == 1:
        return np.zeros(len(x), np.int64), np.zeros(len(x))
    i = np.clip(np.searchsorted(axis, x, side="right") - 1, 0, len(axis) - 2)
    return i, (x - axis[i]) / (axis[i + 1] - axis[i])


@dataclass(frozen=True)
class Axes:
    """What a library says of the axes of its tables: their templates, and the size of a 1."""

    templates: Mapping[str, Group]
    picoseconds: float
    femtofarads: float


def read_table(group: Group, kind: str, library: Axes, scale: float) -> Table | None:
    """The table of a kind in a group, whichever of its axes the file has first; None: no table.

    scale  of its values
    """
    table = next(group.of(kind), None)
    if table is None:
        return None
    values = [scale * each for each in _numbers(table.complex.get("values", [()])[0], kind)]
    if not values:
        return None
    template = library.templates.get(table.arguments[0] if table.arguments else "")
    axes: dict[str, list[float]] = {}
    for index in (1, 2):
        variable = template.simple.get(f"variable_{index}", "") if template else ""
        written = table.complex.get(f"index_{index}")
        if written is None and template is not None:
            written = template.complex.get(f"index_{index}")
        if written is not None:
            load = "capacitance" in variable or (not variable and index == 2)
            axes["load" if load else "transition"] = _numbers(written[0], kind)
    transitions, loads = axes.get("transition", [0.0]), axes.get("load", [0.0])
    for axis in (transitions, loads):
        if any(low >= high for low, high in pairwise(axis)):
            raise BitsimError(f"--liberty: the places of a {kind} table do not rise; correct it")
    if len(values) != len(transitions) * len(loads):
        raise BitsimError(
            f"--liberty: a {kind} table has {len(values)} values for {len(transitions)} "
            f"transitions and {len(loads)} loads; correct the file"
        )
    sizes = [len(axis) for axis in axes.values()]
    grid = np.array(values).reshape(sizes or (1,))
    if next(iter(axes), "transition") == "load":
        grid = grid.T
    return Table(
        np.array(transitions) * library.picoseconds,
        np.array(loads) * library.femtofarads,
        grid.reshape(len(transitions), len(loads)),
    )


def _numbers(rows: Sequence[str], kind: str) -> list[float]:
    text = " ".join(rows).replace(",", " ").replace("\\", " ")
    return [as_number(each, f"{kind} table") for each in text.split()]
