"""AMD Xilinx, 7-series and later: two lanes are selected and added in one LUT for each bit."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Instance, Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.lanes.fabric import Fabric, Lane
from bitsim.gateware.lanes.generic import select
from bitsim.gateware.lanes.tree import ACTIVATION_BITS, Term, add_terms
from bitsim.gateware.once import Platform, once

PAIR_BITS = ACTIVATION_BITS + 1
CHAIN_BITS = 4  # of a CARRY4


class LanePair(wiring.Component):
    """total = sum of ((activation ^ negative) & nonzero) of two lanes, + carry.

    The bit that a place propagates is a function of six: x ^ y, a LUT6. A place that does not
    propagate generates x or y, which are then the same. x is what the LUT6 gives without y: the
    lower half of its table, if `nonzero_1` is the highest input. That is output O5, which the slice
    can put into the carry chain.
    """

    module = "lane_pair"
    clocked = False

    def __init__(self) -> None:
        lane = {"activation": signed(ACTIVATION_BITS), "nonzero": 1, "negative": 1}
        ports = {name: In(shape).array(2) for name, shape in lane.items()}
        super().__init__({**ports, "carry": In(1), "total": Out(signed(PAIR_BITS))})

    @once
    def elaborate(self, platform: Platform | None) -> Module:
        m = Module()
        propagated = Signal(PAIR_BITS)
        generated = Signal(PAIR_BITS)
        for bit in range(PAIR_BITS):
            place = min(bit, ACTIVATION_BITS - 1)
            m.submodules[f"lanes_{bit}"] = Instance(
                "LUT6_2",
                p_INIT=Const(_TWO_LANES, 64),
                i_I0=self.activation[0][place],
                i_I1=self.negative[0],
                i_I2=self.nonzero[0],
                i_I3=self.activation[1][place],
                i_I4=self.negative[1],
                i_I5=self.nonzero[1],
                o_O5=generated[bit],
                o_O6=propagated[bit],
            )
        carry: Value = self.carry
        for low in range(0, PAIR_BITS, CHAIN_BITS):
            bits = min(CHAIN_BITS, PAIR_BITS - low)
            unused = Const(0, CHAIN_BITS - bits)
            sums = Signal(CHAIN_BITS, name=f"sums_{low}")
            carries = Signal(CHAIN_BITS, name=f"carries_{low}")
            m.submodules[f"chain_{low}"] = Instance(
                "CARRY4",
                **{"i_CYINIT" if low == 0 else "i_CI": carry},
                **{"i_CI" if low == 0 else "i_CYINIT": Const(0)},
                i_S=Cat(propagated[low : low + bits], unused),
                i_DI=Cat(generated[low : low + bits], unused),
                o_O=sums,
                o_CO=carries,
            )
            m.d.comb += self.total[low : low + bits].eq(sums[:bits])
            carry = carries[CHAIN_BITS - 1]
        return m


def _two_lanes(index: int) -> int:
    a, n, z, b, m, y = (index >> place & 1 for place in range(6))
    return ((a ^ n) & z) ^ ((b ^ m) & y)


_TWO_LANES = sum(_two_lanes(index) << index for index in range(64))


def _add_lanes(m: Module, lanes: Sequence[Lane], tree_stages: int, name: str) -> Term:
    terms = [
        _pair(m, lanes[first : first + 2], f"{name}_lane{first}")
        for first in range(0, len(lanes) - 1, 2)
    ]
    if len(lanes) % 2:
        terms.append(select(m, lanes[-1], f"{name}_lane{len(lanes) - 1}"))
    return add_terms(m, terms, tree_stages, name, before=1)


def _pair(m: Module, lanes: Sequence[Lane], name: str) -> Term:
    m.submodules[f"{name}_pair"] = pair = LanePair()
    for index, lane in enumerate(lanes):
        m.d.comb += [
            pair.activation[index].eq(lane.activation),
            pair.nonzero[index].eq(lane.nonzero),
            pair.negative[index].eq(lane.negative),
        ]
    m.d.comb += pair.carry.eq(lanes[0].negative)
    return Term(pair.total, lanes[1].negative)


XILINX = Fabric(
    name="xilinx",
    heading="Lanes for AMD Xilinx alone: written in LUT6_2 and CARRY4 (`--target xilinx`).",
    cells=("+/xilinx/cells_sim.v",),
    add_lanes=_add_lanes,
)
