"""Prices by part: by hand, by capacity, and never by default."""

from __future__ import annotations

import math

import pytest

from bitsim import cost
from bitsim.cost.array.dot.structure import DotStructure
from bitsim.cost.quote import Quote
from bitsim.errors import BitsimError
from bitsim.spec import base, catalog
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.counts import ArrayCounts, WorkCounts
from bitsim.spec.technology import TechnologySpec

ACCELERATOR = catalog.load_accelerator("dot_16x40")
TECHNOLOGIES = {name: catalog.load_technology(name) for name in catalog.names("technologies")}
USAGE = cost.Usage(
    counts=ArrayCounts(cycles=1200, busy=1000, adds=200_000, subtracts=100_000, skips=340_000),
    weight_bytes=128_000,
    activation_bytes=40_000,
    result_bytes=64_000,
    work={"vector": WorkCounts(7000, 5000, 3000, 2000)},
)


def parts(found: tuple[cost.Part, ...]) -> dict[str, cost.Part]:
    return {part.name: part for part in found}


def changed(technology: TechnologySpec, **tables: object) -> TechnologySpec:
    table = technology.model_dump() | tables
    return base.check(TechnologySpec, table, "test")


def test_parts_made_by_hand():
    energy = parts(cost.energy(ACCELERATOR, TECHNOLOGIES["7nm"], USAGE))
    assert energy["unit vector"].value == pytest.approx((7000 * 0.21 + 5000 * 0.11) * 1e-12)
    assert energy["DRAM weights"].value == pytest.approx(128_000 * 8 * 20.3e-12)
    assert energy["DRAM units"].value == pytest.approx(5000 * 8 * 20.3e-12)
    assert energy["weight queues"].value == pytest.approx(2 * 128_000 * 8 * 0.0021e-12)
    register_pj = 0.007 + (21 - 8) * (0.03 - 0.007) / 24 + 21 * 0.0021
    assert energy["accumulators"].value == pytest.approx(16_000 * register_pj * 1e-12)
    area = parts(cost.area(ACCELERATOR, TECHNOLOGIES["7nm"]))
    assert area["DMA buffers"].value == pytest.approx(98_304 * 8 * 0.0342e-6)
    assert area["weight queues"].value == pytest.approx(16 * 16 * 8 * 8 * 0.2916e-6)


def test_a_tree_of_40_lanes_by_hand():
    """40 lanes: 20 adders of 9 bits, 10 of 10, 5 of 11, 2 of 12, 1 of 13, 1 of 14."""
    made = DotStructure.of(ACCELERATOR.array)
    assert made.tree_adders == 16 * 39
    assert made.tree_adder_bits == 16 * (180 + 100 + 55 + 24 + 13 + 14)
    registers = 16 * (5 * (11 + 1) + 1 * (14 + 1))  # behind levels 3 and 6, each with its carry
    assert made.pipeline_bits == 2 * 40 * 8 + 16 * (8 * 8 + 40 * 2) + registers


@pytest.mark.parametrize("lanes", [1, 2, 3, 64])
def test_a_column_of_r_lanes_has_r_minus_1_adders(lanes):
    array = ACCELERATOR.array.model_copy(update={"lanes": lanes, "tree_stages": 0})
    made = DotStructure.of(array)
    assert made.tree_adders == 16 * (lanes - 1)
    one_product = cost.Usage(
        counts=ArrayCounts(cycles=1, busy=1, adds=1), weight_bytes=0, activation_bytes=0,
        result_bytes=0,
    )  # fmt: skip
    accelerator = ACCELERATOR.model_copy(update={"array": array})
    for part in cost.energy(accelerator, TECHNOLOGIES["7nm"], one_product):
        assert math.isfinite(part.value)
        assert part.value >= 0


def test_a_skipped_product_costs_nothing_in_the_lanes():
    active = cost.Usage(ArrayCounts(busy=1, cycles=1, adds=640), 0, 0, 0)
    skipped = cost.Usage(ArrayCounts(busy=1, cycles=1, skips=640), 0, 0, 0)
    dear, cheap = (
        parts(cost.energy(ACCELERATOR, TECHNOLOGIES["7nm"], each)) for each in (active, skipped)
    )
    assert cheap["lanes"].value == 0 < dear["lanes"].value
    for name in set(dear) - {"lanes"}:
        assert dear[name].value == cheap[name].value


@pytest.mark.parametrize("name", TECHNOLOGIES)
def test_every_part_names_its_sources(name):
    for part in (
        *cost.energy(ACCELERATOR, TECHNOLOGIES[name], USAGE),
        *cost.area(ACCELERATOR, TECHNOLOGIES[name]),
    ):
        assert part.sources, part.name
        assert part.how, part.name
        assert part.value >= 0


def refusal(accelerator: AcceleratorSpec, technology: TechnologySpec) -> str | None:
    try:
        cost.energy(accelerator, technology, USAGE)
        cost.area(accelerator, technology)
    except BitsimError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", TECHNOLOGIES)
def test_every_figure_of_a_technology_is_asked_for_and_missed_by_name(name):
    """Without a default, a technology that lacks any one figure that is used must say so."""
    technology, missed = TECHNOLOGIES[name], set()
    for arithmetic in ("bf16", "fp16", "fp32"):
        units = {"vector": {**ACCELERATOR.units["vector"].model_dump(), "arithmetic": arithmetic}}
        accelerator = base.check(AcceleratorSpec, ACCELERATOR.model_dump() | {"units": units}, "t")
        for figure in technology.figures:
            figures = {k: v.model_dump() for k, v in technology.figures.items() if k != figure}
            poorer = changed(technology, figures=figures)
            said = refusal(accelerator, poorer)
            if said is not None:
                assert f"technology {name}: figures.{figure}: missing" in said
                missed.add(figure)
    assert missed == set(technology.figures)


def test_an_unknown_dram_is_named_with_what_there_is():
    memory = ACCELERATOR.memory.model_copy(update={"dram": "hbm9"})
    with pytest.raises(BitsimError, match=r"dram_pj_per_bit\.hbm9: missing.* ddr3, ddr4"):
        cost.energy(ACCELERATOR.model_copy(update={"memory": memory}), TECHNOLOGIES["7nm"], USAGE)


def test_sram_goes_through_its_points_and_straight_between_them_in_logarithms():
    quote = Quote(TECHNOLOGIES["45nm"], "test")
    for capacity, pj in ((8192, 10), (32768, 20), (1 << 20, 100)):
        assert quote.sram_pj_per_bit(capacity) == pytest.approx(pj / 64)
    assert quote.sram_pj_per_bit(16384) == pytest.approx(math.sqrt(10 * 20) / 64)


def test_sram_below_the_smallest_macro_costs_what_that_one_does_and_is_an_estimate():
    quote = Quote(TECHNOLOGIES["7nm"], "test")
    assert quote.sram_pj_per_bit(8192) == quote.sram_pj_per_bit(8192)
    assert not quote.joules(1.0, "").estimate
    assert quote.sram_pj_per_bit(8191) == pytest.approx(7.5 / 64)
    assert quote.joules(1.0, "").estimate


def test_sram_above_the_largest_macro_is_refused():
    quote = Quote(TECHNOLOGIES["7nm"], "activation buffer")
    quote.sram_pj_per_bit(1 << 20)
    with pytest.raises(BitsimError, match=r"largest macro is 1048576 bytes, 'activation buffer'"):
        quote.sram_pj_per_bit((1 << 20) + 1)


def test_the_array_is_about_as_large_as_a_synthesized_one():
    """A 16 x 16 array, ASAP7: 2663 um2 by yosys (24-bit sums, weights twice), no wires.

    Another design of the same function, so only the order of magnitude can agree.
    """
    array = ACCELERATOR.array.model_copy(
        update={"lanes": 16, "columns": 16, "hold": 1, "weight_packing": "2bit"}
    )
    area = parts(cost.area(ACCELERATOR.model_copy(update={"array": array}), TECHNOLOGIES["7nm"]))
    names = ("lanes", "accumulators", "pipeline registers", "weight decode")
    um2 = sum(area[name].value for name in names) * 1e6
    assert 2663 / 1.5 < um2 < 2663 * 1.5


@pytest.mark.parametrize("grow", ["columns", "lanes", "slices", "hold", "weight_fifo_beats"])
def test_a_larger_array_is_never_smaller(grow):
    sizes = [
        sum(
            part.value
            for part in cost.area(
                ACCELERATOR.model_copy(
                    update={"array": ACCELERATOR.array.model_copy(update={grow: value})}
                ),
                TECHNOLOGIES["7nm"],
            )
        )
        for value in (1, 2, 7, 8, 40)
    ]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == len(sizes)
