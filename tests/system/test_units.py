"""Units: arithmetic and traffic at the same time, the longer one counts."""

from __future__ import annotations

import pytest

from bitsim.memory import make_memory
from bitsim.memory.clock import Clock
from bitsim.memory.traffic import BusLog, Traffic
from bitsim.spec.counts import WorkCounts
from bitsim.system import Pass, simulate_passes
from bitsim.system.driver import Driver
from bitsim.system.units import Units, arithmetic_cycles
from tests.system.small import machine_of

# 128 bytes a cycle, 20 cycles of latency; 64 multiplies and adds a cycle after 32 cycles.
ACCELERATOR = machine_of(memory={"peak_gb_per_s": 25.6, "efficiency": 1.0, "latency_ns": 100.0})
VECTOR = ACCELERATOR.units["vector"]


def cycles(counts: WorkCounts, others: int = 0) -> int:
    """Cycles of one piece of work, alone on the bus but for `others` bytes booked before."""
    clock = Clock()
    memory = make_memory(clock, ACCELERATOR.memory, ACCELERATOR.clock_mhz)
    if others:
        memory.book(others)
    units = Units(clock, memory, ACCELERATOR, lambda: False)
    clock.run(until=clock.process(units.run(VECTOR, counts, Traffic((0, "x"), BusLog()))))
    return clock.now


@pytest.mark.parametrize(
    ("multiplies", "adds", "expected"),
    [(0, 0, 32), (1, 0, 33), (64, 64, 33), (65, 64, 34), (64, 65, 34), (640, 64, 42)],
)
def test_arithmetic_takes_its_setup_and_the_longer_of_multiplies_and_adds(
    multiplies, adds, expected
):
    counts = WorkCounts(multiplies, adds)
    assert arithmetic_cycles(VECTOR, counts) == expected
    assert cycles(counts) == expected


@pytest.mark.parametrize(
    ("read", "written", "expected"),
    [
        (12 * 128, 0, 32),  # 12 cycles on the bus, 20 of latency: as long as the setup
        (12 * 128 + 1, 0, 33),
        (0, 32 * 128, 32),
        (0, 32 * 128 + 1, 33),
        (100 * 128, 0, 120),
        (100 * 128, 10 * 128, 120),  # the writes go out while the last read is on its way
        (100 * 128, 30 * 128, 130),
    ],
)
def test_traffic_takes_the_bus_and_reads_a_latency(read, written, expected):
    assert cycles(WorkCounts(0, 0, read, written)) == expected


def test_traffic_waits_for_who_came_first():
    assert cycles(WorkCounts(0, 0, 128, 0), others=100 * 128) == 100 + 1 + 20


@pytest.mark.parametrize("peak", [0.5, 3.0, 25.6, 400.0])
def test_taking_a_quiet_bus_at_once_changes_no_cycle(peak, network, technology, monkeypatch):
    accelerator = machine_of(memory={"peak_gb_per_s": peak})
    passes = [Pass(5, 0), Pass(1, 5), Pass(1, 6)]
    at_once = simulate_passes(accelerator, network, technology, passes)
    monkeypatch.setattr(Driver, "quiet", False)
    tile_by_tile = simulate_passes(accelerator, network, technology, passes)
    assert at_once == tile_by_tile
