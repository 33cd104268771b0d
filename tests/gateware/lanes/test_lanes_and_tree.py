"""Lanes, tree and accumulator of one column, in Amaranth's simulator."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.sim import Simulator, SimulatorContext
from numpy.typing import NDArray

from bitsim.gateware.array.dot.column import Column
from bitsim.gateware.lanes.tree import register_levels
from bitsim.spec import encoding
from bitsim.spec.array.dot import DotSpec


def array(lanes: int, tree_stages: int) -> DotSpec:
    return DotSpec(
        dataflow="dot",
        columns=1,
        lanes=lanes,
        slices=1,
        hold=1,
        weight_packing="2bit",
        tree_stages=tree_stages,
        accumulator_bits=24,
        max_k=lanes,
        weight_fifo_beats=2,
        activation_buffer_beats=1,
        result_fifo_beats=2,
        skip="gate",
    )


def column_sums(
    spec: DotSpec, weights: NDArray[np.int8], activations: NDArray[np.int8]
) -> list[tuple[int, int, int]]:
    """(sum, adds, subtracts) of each row of `weights` and `activations`, a step at a time."""
    column = Column(spec)
    found: list[tuple[int, int, int]] = []

    async def bench(ctx: SimulatorContext) -> None:
        for row, vector in zip(weights, activations, strict=True):
            packed = encoding.pack(row, spec.weight_packing)
            ctx.set(column.weights.payload, int.from_bytes(packed.tobytes(), "little"))
            ctx.set(column.weights.valid, 1)
            await ctx.tick()  # into the queue
            ctx.set(column.weights.valid, 0)
            ctx.set(column.read, 1)
            ctx.set(column.pop, 1)
            await ctx.tick()  # cycle t
            ctx.set(column.read, 0)
            ctx.set(column.pop, 0)
            ctx.set(column.decode, 1)
            await ctx.tick()  # t + 1
            ctx.set(column.decode, 0)
            ctx.set(column.activations, int.from_bytes(vector.tobytes(), "little"))
            ctx.set(column.activation_nonzero, sum(1 << int(i) for i in np.flatnonzero(vector)))
            for _ in range(spec.tree_stages):
                await ctx.tick()
            ctx.set(column.accumulate, 1)
            ctx.set(column.replace, 1)
            await ctx.tick()  # t + 2 + T
            ctx.set(column.accumulate, 0)
            total = ctx.get(column.sums)
            signed = total - (1 << 24) if total >> 23 else total
            worked, subtracts = ctx.get(column.worked), ctx.get(column.subtracted)
            found.append((signed, worked - subtracts, subtracts))

    simulator = Simulator(column)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return found


def expected(
    weights: NDArray[np.int8], activations: NDArray[np.int8]
) -> list[tuple[int, int, int]]:
    products = weights.astype(int) * activations
    active = activations != 0
    return [
        (int(row.sum()), int((w > 0)[on].sum()), int((w < 0)[on].sum()))
        for row, w, on in zip(products, weights, active, strict=True)
    ]


def test_a_lane_multiplies_all_256_activations_by_all_three_weights() -> None:
    weights, activations = np.meshgrid([-1, 0, 1], np.arange(-128, 128), indexing="ij")
    w = weights.reshape(-1, 1).astype(np.int8)
    a = activations.reshape(-1, 1).astype(np.int8)
    assert column_sums(array(1, 0), w, a) == expected(w, a)


@pytest.mark.parametrize(
    ("lanes", "tree_stages"), [(2, 0), (2, 1), (3, 1), (5, 3), (7, 2), (40, 2), (64, 6), (64, 0)]
)
def test_a_tree_adds_up_extremes_and_noise(lanes: int, tree_stages: int) -> None:
    rng = np.random.default_rng([lanes, tree_stages])
    weights = [np.full(lanes, sign) for sign in (1, 1, -1, -1, 0)]
    activations = [np.full(lanes, value) for value in (127, -128, 127, -128, -128)]
    weights += list(rng.integers(-1, 2, (8, lanes)))
    activations += list(rng.integers(-128, 128, (8, lanes)))
    w, a = np.array(weights, np.int8), np.array(activations, np.int8)
    assert column_sums(array(lanes, tree_stages), w, a) == expected(w, a)


@pytest.mark.parametrize(("levels", "stages"), [(0, 0), (1, 1), (6, 2), (6, 6), (5, 3), (4, 0)])
def test_pipeline_registers_end_at_the_root(levels: int, stages: int) -> None:
    registers = register_levels(levels, stages)
    assert sum(registers) == stages
    assert len(registers) == levels + 1
    if stages:
        assert registers[-1] == 1
