"""Every part of a machine with two slices, in joules and square millimetres worked out by hand.

5 lanes, 3 columns, 2 slices, 3 held vectors; no two of these may be taken for each other, and none
may be left out. Figures of 7nm: an add of b bits 0.007 + (b - 8) x 0.023 / 24 pJ, a flip-flop
0.0021 pJ and 0.2916 um2, a full adder 0.20412 um2, a gate 0.0001 pJ and 0.05832 um2, SRAM of up to
8 KiB 7.5 / 64 pJ a bit, of 32 KiB 8.5 / 64, 0.0342 um2.
"""

from __future__ import annotations

import pytest

from bitsim import cost
from bitsim.spec import catalog
from bitsim.spec.counts import ArrayCounts, WorkCounts

MACHINE = catalog.load_accelerator("dot_16x40").changed(
    {
        "array.columns": 3,
        "array.lanes": 5,
        "array.slices": 2,
        "array.hold": 3,
        "array.weight_packing": "2bit",  # a beat is 2 bytes
        "array.tree_stages": 1,
        "array.accumulator_bits": 14,
        "array.max_k": 40,
        "array.weight_fifo_beats": 4,
        "array.activation_buffer_beats": 120,  # 1,200 bytes are SRAM; one slice's 600 were not
        "array.result_fifo_beats": 5,
        "dma.weight_tile_bytes": 4096,
        "dma.activation_tile_bytes": 16384,
        "dma.result_tile_bytes": 4096,
    }
)
USAGE = cost.Usage(
    counts=ArrayCounts(cycles=1200, busy=1000, adds=7000, subtracts=5000, skips=18_000),
    weight_bytes=9000,
    activation_bytes=4000,
    result_bytes=2500,
    work={"vector": WorkCounts(700, 500, 300, 200)},
)

FLOP_PJ, SMALL_PJ, LARGE_PJ = 0.0021, 7.5 / 64, 8.5 / 64  # a bit
FLOP_UM2, ADDER_UM2, GATE_UM2, SRAM_UM2 = 0.2916, 0.20412, 0.05832, 0.0342


def add_pj(bits: float) -> float:
    return 0.007 + (bits - 8) * 0.023 / 24


# A tree of 5 lanes: 2 adders of 9 bits, 1 of 10, 1 of 11; a register of 11 bits and a carry at its
# end. There are 6 trees. Activations are in registers twice, weights packed and decoded.
TREE_ADDERS, TREE_BITS = 6 * 4, 6 * (2 * 9 + 10 + 11)
PIPELINE_BITS = 2 * 5 * 2 * 8 + 3 * (2 * 8 + 5 * 2) + 6 * (11 + 1)

PICOJOULES = {
    "lanes": 12_000 * (8 * 4.5 * 0.0001 + add_pj(TREE_BITS / TREE_ADDERS) * TREE_ADDERS / 30),
    "accumulators": 1000 * 6 * (add_pj(14) + 14 * FLOP_PJ),
    "pipeline registers": 1000 * PIPELINE_BITS * FLOP_PJ,
    "weight decode": 9000 * 6 * 0.0001,
    "weight queues": (9000 + 9000) * 8 * FLOP_PJ,
    "activation buffer": (4000 + 1000 * 5 * 2) * 8 * SMALL_PJ,
    "result queue": (2500 + 2500) * 8 * FLOP_PJ,
    "counters": 1000 * 2 * 30 * 0.023 / 24 + 1200 * 48 * FLOP_PJ,
    "DMA buffers": 2 * 9000 * 8 * SMALL_PJ
    + 2 * (4000 + 300) * 8 * LARGE_PJ
    + 2 * (2500 + 200) * 8 * SMALL_PJ,
    "unit vector": 700 * 0.21 + 500 * 0.11,
    "DRAM weights": 9000 * 8 * 20.3,
    "DRAM activations": 4000 * 8 * 20.3,
    "DRAM results": 2500 * 8 * 20.3,
    "DRAM units": (300 + 200) * 8 * 20.3,
}

SQUARE_MICROMETRES = {
    "lanes": 30 * 8 * 4.5 * GATE_UM2 + TREE_BITS * ADDER_UM2,
    "accumulators": 6 * 14 * (3 * FLOP_UM2 + ADDER_UM2),
    "pipeline registers": PIPELINE_BITS * FLOP_UM2,
    "weight decode": 3 * 2 * 6 * GATE_UM2,
    "weight queues": 3 * 4 * 2 * 8 * FLOP_UM2,
    "activation buffer": 120 * 5 * 2 * 8 * SRAM_UM2,
    "result queue": 5 * 3 * 2 * 14 // 8 * 8 * FLOP_UM2,
    "counters": 2 * 30 * ADDER_UM2 + 9 * 48 * (FLOP_UM2 + ADDER_UM2),
    "DMA buffers": 2 * (4096 + 16384 + 4096) * 8 * SRAM_UM2,
    "unit vector": 64 * 99.02 + 64 * 82.11,
}


@pytest.fixture(scope="module")
def technology():
    return catalog.load_technology("7nm")


def test_every_part_takes_the_joules_worked_out_by_hand(technology):
    found = {part.name: part.value for part in cost.energy(MACHINE, technology, USAGE)}
    by_hand = {name: pj * 1e-12 for name, pj in PICOJOULES.items()}
    assert found == pytest.approx(by_hand, rel=1e-9)


def test_every_part_takes_the_area_worked_out_by_hand(technology):
    found = {part.name: part.value for part in cost.area(MACHINE, technology)}
    by_hand = {name: um2 * 1e-6 for name, um2 in SQUARE_MICROMETRES.items()}
    assert found == pytest.approx(by_hand, rel=1e-9)
