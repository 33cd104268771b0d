"""The bus: exact bandwidth, latency, first come first served."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bitsim.errors import BitsimError
from bitsim.memory.clock import Clock
from bitsim.memory.fixed import FixedMemory
from bitsim.spec.memory.fixed import FixedMemorySpec


def memory(
    clock: Clock, peak_gb_per_s: float, clock_mhz: float, efficiency: float = 1.0, ns: float = 100.0
) -> FixedMemory:
    spec = FixedMemorySpec(
        kind="fixed",
        dram="ddr4",
        peak_gb_per_s=peak_gb_per_s,
        efficiency=efficiency,
        latency_ns=ns,
    )
    return FixedMemory(clock, spec, clock_mhz)


def at(clock: Clock, cycle: int) -> None:
    clock.run(until=cycle)


def test_a_tile_holds_the_bus_for_its_bytes_and_arrives_a_latency_later():
    bus = memory(Clock(), 25.6, 200.0)  # 128 bytes a cycle, 20 cycles of latency
    first = bus.book(1024)
    assert (first.start_cycle, first.end_cycle) == (0, 8)
    assert first.last_arrival_cycle == 28
    assert first.arrivals(np.array([1, 128, 129, 1024])).tolist() == [21, 21, 22, 28]
    second = bus.book(128)
    assert (second.start_cycle, second.end_cycle) == (8, 9)


def test_the_bus_is_taken_at_t_minus_1_and_free_at_t():
    for now, start in ((7, 8), (8, 8), (9, 9)):
        clock = Clock()
        bus = memory(clock, 25.6, 200.0)
        bus.book(1024)  # until cycle 8
        at(clock, now)
        assert bus.book(1).start_cycle == start


def test_a_part_of_a_cycle_is_carried_to_the_next_tile_but_not_over_idle_time():
    clock = Clock()
    bus = memory(clock, 20.0, 200.0)  # 100 bytes a cycle
    assert bus.book(150).end_cycle == 2
    assert bus.book(150).end_cycle == 3  # 1.5 to 3.0
    assert bus.book(101).end_cycle == 5  # 3.0 to 4.01
    at(clock, 10)
    assert bus.book(100).end_cycle == 11


def test_a_long_stream_gets_exactly_the_sustained_bandwidth():
    bus = memory(Clock(), 25.6, 200.0, efficiency=0.82)  # 104.96 bytes a cycle
    for _ in range(12_724):
        last = bus.book(32_768)
    total = 12_724 * 32_768
    assert last.end_cycle == -(-total * 100 // 10_496)


@settings(max_examples=60)
@given(
    peak=st.floats(0.5, 500),
    mhz=st.sampled_from([100.0, 200.0, 333.3, 1000.0]),
    beats=st.lists(st.integers(1, 5000), min_size=2, max_size=30),
    cut=st.integers(1, 29),
    now=st.integers(0, 10_000),
)
@example(peak=0.5, mhz=1000.0, beats=[1, 1], cut=1, now=0)  # slower than a byte a cycle
def test_how_a_stream_is_cut_does_not_change_when_its_beats_arrive(peak, mhz, beats, cut, now):
    cut = min(cut, len(beats) - 1)
    ends = np.cumsum(beats)
    whole_clock, cut_clock = Clock(), Clock()
    whole, parts = memory(whole_clock, peak, mhz), memory(cut_clock, peak, mhz)
    for clock in (whole_clock, cut_clock):
        if now:
            at(clock, now)
    expected = whole.book(int(ends[-1])).arrivals(ends)
    promised = parts.earliest_arrival_cycle()
    head = parts.book(int(ends[cut - 1])).arrivals(ends[:cut])
    between = parts.earliest_arrival_cycle()
    tail = parts.book(int(ends[-1] - ends[cut - 1])).arrivals(ends[cut:] - ends[cut - 1])
    assert np.concatenate([head, tail]).tolist() == expected.tolist()
    assert promised <= head[0]
    assert between <= tail[0]
    assert (np.diff(expected) >= 0).all()


def test_no_latency_still_needs_the_cycle_of_the_transfer():
    bus = memory(Clock(), 25.6, 200.0, ns=0.0)
    assert bus.earliest_arrival_cycle() == 1
    assert bus.book(64).arrivals(np.array([64])).tolist() == [1]


@pytest.mark.parametrize(("peak", "mhz"), [(0.001, 100_000.0), (1e6, 0.001)])
def test_a_bandwidth_beyond_reason_is_refused(peak, mhz):
    with pytest.raises(BitsimError, match=r"memory\.peak_gb_per_s = .* bytes a cycle; must be"):
        memory(Clock(), peak, mhz)
