"""Lattice ECP5: a lane is selected in the LUTs of the carry chain that adds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from amaranth.hdl import Const, Instance, Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.lanes.fabric import Fabric, Lane
from bitsim.gateware.lanes.generic import select
from bitsim.gateware.lanes.tree import ACTIVATION_BITS, Term, add_terms
from bitsim.gateware.once import Platform, once
from bitsim.units import ceil_div


class LaneAdder(wiring.Component):
    """total = partial + ((activation ^ negative) & nonzero) + carry, a LUT for each bit.

    Half a CCU2C has a LUT4 for the propagated bit and takes the bit that it generates from the
    same table with C = D = 0. With A = partial, B = activation, C = negative and D = nonzero that
    is `partial`, which is right: where nothing is propagated both addends are the same.
    """

    clocked = False

    def __init__(self, bits: int) -> None:
        self.module = f"lane_adder_{bits}"
        self.bits = bits
        super().__init__(
            {
                "partial": In(signed(bits)),
                "activation": In(signed(ACTIVATION_BITS)),
                "nonzero": In(1),
                "negative": In(1),
                "carry": In(1),
                "total": Out(signed(bits)),
            }
        )

    @once
    def elaborate(self, platform: Platform | None) -> Module:
        m = Module()
        halves: list[tuple[Value, ...]] = [(self.carry, Const(0), Const(1), Const(1))]
        tables = [_INTO_CHAIN]
        for bit in range(self.bits):
            activation = self.activation[min(bit, ACTIVATION_BITS - 1)]
            halves.append((self.partial[bit], activation, self.negative, self.nonzero))
            tables.append(_ADD_LANE)
        if len(halves) % 2:
            halves.append((Const(0),) * 4)
            tables.append(0)
        sums = Signal(len(halves))
        carry: Value = Const(0)
        for low in range(0, len(halves), 2):
            following = Signal(name=f"carry_{low + 2}")
            pins = {
                f"i_{pin}{half}": value
                for half in (0, 1)
                for pin, value in zip("ABCD", halves[low + half], strict=True)
            }
            m.submodules[f"bits_{low}"] = Instance(
                "CCU2C",
                p_INIT0=Const(tables[low], 16),
                p_INIT1=Const(tables[low + 1], 16),
                p_INJECT1_0="NO",
                p_INJECT1_1="NO",
                i_CIN=carry,
                o_S0=sums[low],
                o_S1=sums[low + 1],
                o_COUT=following,
                **pins,
            )
            carry = following
        m.d.comb += self.total.eq(sums[1 : self.bits + 1])
        return m


def _table(function: Callable[[int, int, int, int], int]) -> int:
    return sum(
        function(index & 1, index >> 1 & 1, index >> 2 & 1, index >> 3) << index
        for index in range(16)
    )


_ADD_LANE = _table(lambda sum_bit, a, negative, nonzero: sum_bit ^ ((a ^ negative) & nonzero))
_INTO_CHAIN = _table(lambda a, b, c, d: a & (1 - d))  # with D = 1 nothing is propagated


def _add_lanes(m: Module, lanes: Sequence[Lane], tree_stages: int, name: str) -> Term:
    chain_lanes = _chain_lanes(len(lanes), tree_stages)
    terms = [
        _chain(m, lanes[first : first + chain_lanes], f"{name}_lane{first}")
        for first in range(0, len(lanes), chain_lanes)
    ]
    return add_terms(m, terms, tree_stages, name, before=chain_lanes - 1)


def _chain_lanes(lanes: int, tree_stages: int) -> int:
    """The longest chain that makes no pipeline stage longer than a tree's, counted in adders."""
    stages = max(1, tree_stages)
    stage = ceil_div(_levels(lanes), stages)
    return max(
        chain
        for chain in range(1, stage + 2)
        if ceil_div(chain - 1 + _levels(ceil_div(lanes, chain)), stages) <= stage
    )


def _levels(terms: int) -> int:
    return (terms - 1).bit_length()


def _chain(m: Module, lanes: Sequence[Lane], name: str) -> Term:
    """The first lane by LUTs, each further one by the adder that it needs anyway."""
    term = select(m, lanes[0], name)
    for index, lane in enumerate(lanes[1:], 2):
        bits = ACTIVATION_BITS + (index - 1).bit_length()
        m.submodules[f"{name}_plus_{index - 1}"] = adder = LaneAdder(bits)
        m.d.comb += [
            adder.partial.eq(term.value),
            adder.activation.eq(lane.activation),
            adder.nonzero.eq(lane.nonzero),
            adder.negative.eq(lane.negative),
            adder.carry.eq(term.carry),
        ]
        term = Term(adder.total, lane.negative)
    return term


ECP5 = Fabric(
    name="ecp5",
    heading="Lanes for Lattice ECP5 alone: written in its cell CCU2C (`--target ecp5`).",
    cells=("+/lattice/cells_sim_ecp5.v",),
    add_lanes=_add_lanes,
)
