"""The lanes of one column and the tree that adds them up, alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.lanes import Lane
from bitsim.gateware.lanes.tree import ACTIVATION_BITS, Term

AddLanes = Callable[[Module, Sequence[Lane], int, str], Term]


class LaneSum(wiring.Component):
    """value + carry = the sum of all lanes, `tree_stages` cycles after they are there."""

    def __init__(self, add_lanes: AddLanes, lanes: int, tree_stages: int) -> None:
        self.add_lanes = add_lanes
        self.lanes = lanes
        self.tree_stages = tree_stages
        bits = ACTIVATION_BITS + (lanes - 1).bit_length()
        super().__init__(
            {
                "activations": In(lanes * ACTIVATION_BITS),
                "nonzero": In(lanes),
                "negative": In(lanes),
                "value": Out(signed(bits)),
                "carry": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = [
            Lane(
                self.activations.word_select(lane, ACTIVATION_BITS),
                self.nonzero[lane],
                self.negative[lane],
            )
            for lane in range(self.lanes)
        ]
        term = self.add_lanes(m, lanes, self.tree_stages, "sum")
        m.d.comb += [self.value.eq(term.value), self.carry.eq(term.carry)]
        return m
