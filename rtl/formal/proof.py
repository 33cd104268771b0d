"""One question for the solver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from amaranth.lib import wiring


@dataclass(frozen=True)
class Proof:
    """One size of one block.

    block       its Verilog module; the properties are `block_properties` in `block.sv`
    size        a few words for the table
    make        the block
    parameters  of the properties
    depth       of the induction
    cover       cycles in which every cover statement is to be reached; 0: there is none
    full        takes more than seconds: `make test-full`
    cells       yosys's models of cells that the block names
    """

    block: str
    size: str
    make: Callable[[], wiring.Component]
    parameters: dict[str, int] = field(default_factory=dict)
    depth: int = 1
    cover: int = 0
    full: bool = False
    include: str = ""
    cells: tuple[str, ...] = ()
