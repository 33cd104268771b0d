"""What the lanes of a column are built from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from amaranth.hdl import Module, Value

from bitsim.gateware.lanes.tree import Term


@dataclass(frozen=True)
class Lane:
    """One int8 activation and the code of its weight; `negative` only together with `nonzero`."""

    activation: Value
    nonzero: Value
    negative: Value


@dataclass(frozen=True)
class Fabric:
    """One way to write the sum of a column's lanes: a file beside this, and a line in `FABRICS`.

    heading    what an engineer has to know of the Verilog; one line, nothing for plain Verilog
    cells      yosys's models of the cells that it names, for proofs
    add_lanes  the sum of all lanes, `tree_stages` cycles later: (m, lanes, tree_stages,
               what the names of its signals begin with)
    """

    name: str
    heading: str
    cells: tuple[str, ...]
    add_lanes: Callable[[Module, Sequence[Lane], int, str], Term]
