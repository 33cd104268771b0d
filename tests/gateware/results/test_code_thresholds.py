"""The thresholds of all codes against f32, for any largest magnitude."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.sim import Simulator, SimulatorContext
from numpy.typing import NDArray

from bitsim.gateware.results.code_thresholds import TABLE_CYCLES, CodeThresholds
from bitsim.gateware.results.scale_divider import scale_cycles, step_cycles

# Smallest, largest, at powers of two, and those whose products are halfway between two codes.
NAMED = [0, 1, 2, 3, 126, 127, 128, 254, 255, 256, 1 << 16, (1 << 16) + 1, (1 << 19) - 1]
NAMED += [1 << 20, (1 << 20) - 1, 127 << 8, 127 << 13, 254 * 4095, (1 << 24) - 1]
RANDOM = [int(each) for each in np.random.default_rng(9).integers(1, 1 << 24, 30)]


def thresholds_of(sum_bits: int, magnitudes: list[int]) -> list[dict[int, int]]:
    """Of each magnitude, one after the other: what was written for each code."""
    part = CodeThresholds(sum_bits)
    found: list[dict[int, int]] = []

    async def bench(ctx: SimulatorContext) -> None:
        for largest in magnitudes:
            written = {}
            for state, cycles in (
                ("scale", scale_cycles(sum_bits)),
                ("step", step_cycles(sum_bits)),
                ("table", TABLE_CYCLES),
            ):
                ctx.set(getattr(part, state), 1)
                for cycle in range(cycles):
                    ctx.set(part.cycle, cycle)
                    # It is wanted in the first cycle alone.
                    ctx.set(part.largest, largest if (state, cycle) == ("scale", 0) else 5)
                    if ctx.get(part.write):
                        written[ctx.get(part.code)] = ctx.get(part.threshold)
                    await ctx.tick()
                ctx.set(getattr(part, state), 0)
            found.append(written)

    simulator = Simulator(part)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return found


def code_of(sums: NDArray[np.int64], largest: int) -> NDArray[np.int64]:
    """As the quantiser has it: everything in f32."""
    scale = np.float32(127) / np.float32(largest)
    return np.rint(sums.astype(np.float32) * scale).astype(np.int64)


def assert_right(written: dict[int, int], largest: int) -> None:
    codes = np.arange(1, 128)
    reached = np.array([written[code] for code in codes])
    if largest == 0:  # every sum is 0, and its code too
        assert (reached > 0).all()
        return
    assert (code_of(reached, largest) >= codes).all(), largest
    assert (code_of(reached - 1, largest) < codes).all(), largest
    assert reached[-1] <= largest


@pytest.mark.parametrize(
    ("sum_bits", "magnitudes"),
    [
        (25, NAMED + RANDOM),
        (21, [each for each in NAMED + RANDOM if each < 1 << 20]),
        (9, [*range(0, 256, 15), 1, 127, 254]),
    ],
)
def test_each_threshold_is_the_least_sum_of_its_code(sum_bits: int, magnitudes: list[int]) -> None:
    for largest, written in zip(magnitudes, thresholds_of(sum_bits, magnitudes), strict=True):
        assert_right(written, largest)
