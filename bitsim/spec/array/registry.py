"""The dataflows: one entry for each (docs/house.md: add one)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bitsim.spec.array.array import ArraySpec
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.registry import Registry

Home = Any  # "package.module:attribute", or the thing itself


@dataclass(frozen=True)
class Dataflow:
    """A dataflow: its description, its model, its hardware and its costs.

    name      what `array.dataflow` says
    spec      its fields, and its geometry
    model     (spec, values) -> `bitsim.array.protocol.Array`
    hardware  (spec) -> Amaranth component with the streams that the spec names
    energy    (spec, technology, usage) -> parts in J
    area      (spec, technology) -> parts in mm2
    drawing   (drawing, result, rows): its blocks in the machine's diagram
    random    (rng, index) -> spec of a small array, for comparisons
    random_narrow  the same, narrow enough to be compared together with a link
    power     `bitsim.synthesis.gates.replay.BlockWork` of its netlists; None: their power is not
              computed
    """

    name: str
    spec: type[ArraySpec]
    model: Home
    hardware: Home
    energy: Home
    area: Home
    drawing: Home
    random: Home
    random_narrow: Home
    power: Home


DATAFLOWS = Registry(
    Dataflow(
        name="dot",
        spec=DotSpec,
        model="bitsim.array.dot.model:DotArray",
        hardware="bitsim.gateware.array.dot.array:Dot",
        energy="bitsim.cost.array.dot.parts:energy",
        area="bitsim.cost.array.dot.parts:area",
        drawing="bitsim.report.machine.dot:draw_dot",
        random="bitsim.agreement.arrays.dot:random_array",
        random_narrow="bitsim.agreement.arrays.dot:random_narrow_array",
        power="bitsim.synthesis.gates.dot.power:POWER",
    ),
)
