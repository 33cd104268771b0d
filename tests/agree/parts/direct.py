"""`direct` as an entry of the registry: what it costs, how it is drawn, random ones of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bitsim.cost import logic
from bitsim.cost.part import Part
from bitsim.cost.quote import Quote
from bitsim.cost.usage import Usage
from bitsim.report.drawing.svg import Drawing
from bitsim.report.machine.block import INSIDE, Block, draw_block
from bitsim.report.numbers import ratio
from bitsim.spec.array.registry import Dataflow
from bitsim.spec.technology import TechnologySpec
from bitsim.system.result import RunResult
from tests.agree.parts.direct_hardware import Direct
from tests.agree.parts.direct_model import DirectArray
from tests.agree.parts.direct_spec import SUM_BITS, DirectSpec


def energy(spec: DirectSpec, technology: TechnologySpec, usage: Usage) -> Iterator[Part]:
    """Adders alone."""
    quote = Quote(technology, "direct adders")
    active = usage.counts.adds + usage.counts.subtracts
    yield quote.joules(active * logic.add_pj(quote, SUM_BITS), f"{active:,} adds and subtracts")


def area(spec: DirectSpec, technology: TechnologySpec) -> Iterator[Part]:
    """Adders alone."""
    quote = Quote(technology, "direct adders")
    bits = spec.places * SUM_BITS
    yield quote.mm2(bits * quote.figure("full_adder_um2"), f"{bits:,} full adders")


def draw(drawing: Drawing, result: RunResult, rows: tuple[float, float, float]) -> None:
    """One block."""
    busy = ratio(result.counts.busy, result.cycles)
    lines = (f"{result.accelerator.array.depth} products a cycle",)
    title = "One column, nothing held"
    draw_block(drawing, Block(INSIDE, rows[0], 320.0, 78.0, title, busy, "busy", lines))


def random(rng: np.random.Generator, index: int) -> DirectSpec:
    """Any of them."""
    places = int(rng.integers(1, 17))
    return DirectSpec(dataflow="direct", places=places, longest=int(rng.integers(1, 100)))


DIRECT = Dataflow(
    name="direct",
    spec=DirectSpec,
    model=DirectArray,
    hardware=Direct,
    energy=energy,
    area=area,
    drawing=draw,
    random=random,
    random_narrow=random,
    power=None,
)
