"""Plain Verilog, for gates and for any FPGA."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, signed

from bitsim.gateware.lanes.fabric import Fabric, Lane
from bitsim.gateware.lanes.tree import ACTIVATION_BITS, Term, add_terms


def select(m: Module, lane: Lane, name: str) -> Term:
    """(a ^ negative) & nonzero with `negative` as carry: -a is ~a + 1."""
    value = Signal(signed(ACTIVATION_BITS), name=name)
    m.d.comb += value.eq(
        (lane.activation ^ lane.negative.replicate(ACTIVATION_BITS))
        & lane.nonzero.replicate(ACTIVATION_BITS)
    )
    return Term(value, lane.negative)


def _add_lanes(m: Module, lanes: Sequence[Lane], tree_stages: int, name: str) -> Term:
    terms = [select(m, lane, f"{name}_lane{index}") for index, lane in enumerate(lanes)]
    return add_terms(m, terms, tree_stages, name)


GENERIC = Fabric(name="generic", heading="", cells=(), add_lanes=_add_lanes)
