"""DMA: two tiles of buffer for each stream, tiles in turn on the bus."""

from __future__ import annotations

import pytest

from bitsim.memory.clock import Clock
from bitsim.memory.fetch import Fetch
from bitsim.memory.fixed import FixedMemory
from bitsim.memory.traffic import BusLog, Traffic
from bitsim.memory.write_back import WriteBack
from bitsim.spec.memory.fixed import FixedMemorySpec

LATENCY = 10


def bus(clock: Clock) -> FixedMemory:
    """1 byte a cycle, 10 cycles of latency."""
    spec = FixedMemorySpec(
        kind="fixed", dram="ddr4", peak_gb_per_s=0.1, efficiency=1.0, latency_ns=100.0
    )
    return FixedMemory(clock, spec, 100.0)


def arrivals(fetch: Fetch) -> list[list[int]]:
    return [tile.tolist() for tile in fetch.ready]


def test_two_tiles_are_fetched_ahead_and_the_third_when_the_first_is_given_back():
    clock = Clock()
    fetch = Fetch(clock, bus(clock), tile_beats=4, beat_bytes=2)
    traffic = Traffic((0, "x"), BusLog())
    fetch.add(14, traffic)
    clock.run(until=100)
    assert arrivals(fetch) == [[12, 14, 16, 18], [20, 22, 24, 26]]
    assert fetch.waits
    fetch.ready.clear()
    fetch.release()
    assert not fetch.waits
    clock.run(until=101)
    assert arrivals(fetch) == [[112, 114, 116, 118]]
    fetch.release()
    clock.run(until=200)
    assert arrivals(fetch)[1:] == [[120, 122]]  # the rest of 14 beats, back to back
    assert (traffic.start_cycle, traffic.end_cycle) == (0, 122)
    assert traffic.read_bytes == 28


def test_it_goes_on_into_the_next_job_and_cuts_no_tile_across_two():
    clock = Clock()
    fetch = Fetch(clock, bus(clock), tile_beats=4, beat_bytes=1)
    first, second = Traffic((0, "x"), BusLog()), Traffic((0, "x"), BusLog())
    fetch.add(3, first)
    fetch.add(9, second)
    clock.run(until=50)
    assert [len(tile) for tile in arrivals(fetch)] == [3, 4]
    assert (first.read_bytes, second.read_bytes) == (3, 4)
    assert second.start_cycle == 3


def test_it_is_done_only_when_all_was_requested_and_handed_on():
    clock = Clock()
    fetch = Fetch(clock, bus(clock), tile_beats=4, beat_bytes=1)
    clock.run(until=1)
    assert fetch.done
    fetch.add(4, Traffic((0, "x"), BusLog()))
    assert not fetch.done
    clock.run(until=20)
    assert not fetch.done
    fetch.ready.clear()
    assert fetch.done


def test_streams_that_share_the_bus_take_turns():
    clock = Clock()
    memory = bus(clock)
    one, other = Fetch(clock, memory, 4, 1), Fetch(clock, memory, 4, 1)
    one.add(8, Traffic((0, "x"), BusLog()))
    other.add(8, Traffic((0, "x"), BusLog()))
    clock.run(until=60)
    assert [tile[0] for tile in arrivals(one)] == [11, 19]
    assert [tile[0] for tile in arrivals(other)] == [15, 23]


def test_giving_back_what_was_not_taken_is_a_broken_promise():
    fetch = Fetch(Clock(), bus(Clock()), 4, 1)
    with pytest.raises(AssertionError):
        fetch.release()


def test_results_wait_for_the_write_of_the_tile_two_before():
    clock = Clock()
    traffic = Traffic((0, "x"), BusLog())
    back = WriteBack(clock, bus(clock), beats=7, tile_beats=2, beat_bytes=50, traffic=traffic)
    assert back.next_tile().tolist() == [0, 0]
    clock.run(until=5)
    assert back.next_tile().tolist() == [0, 0]  # first tile is written from 5 to 105
    clock.run(until=6)
    assert back.next_tile().tolist() == [105, 105]  # second: 105 to 205
    clock.run(until=110)
    assert back.next_tile().tolist() == [205]  # third: 205 to 305
    assert back.finish() == 355
    assert (traffic.start_cycle, traffic.end_cycle) == (5, 355)
    assert traffic.written_bytes == 350


def test_a_phase_that_ends_early_is_a_broken_promise():
    clock = Clock()
    back = WriteBack(clock, bus(clock), 4, 2, 1, Traffic((0, "x"), BusLog()))
    back.next_tile()
    with pytest.raises(AssertionError, match="before its last result"):
        back.finish()


def test_a_long_stream_through_two_buffers_gets_the_exact_bandwidth():
    """Tiles that end within a cycle are followed within it: 500 tiles of 37 bytes at 10.4."""
    clock = Clock()
    spec = FixedMemorySpec(
        kind="fixed", dram="ddr4", peak_gb_per_s=1.3, efficiency=0.8, latency_ns=100.0
    )
    fetch = Fetch(clock, FixedMemory(clock, spec, 100.0), tile_beats=1, beat_bytes=37)
    fetch.add(500, Traffic((0, "x"), BusLog()))
    last = 0
    for _ in range(500):
        while not fetch.ready:
            clock.run(until=clock.now + 1)
        last = fetch.ready.popleft()[-1]
        fetch.release()
    assert last == -(-500 * 37 * 10 // 104) + LATENCY


def test_the_log_of_the_bus_joins_transfers_of_one_owner_and_counts_cycles_with_data():
    clock, log = Clock(), BusLog()
    three_bytes_a_cycle = FixedMemorySpec(
        kind="fixed", dram="ddr4", peak_gb_per_s=0.3, efficiency=1.0, latency_ns=100.0
    )
    memory = FixedMemory(clock, three_bytes_a_cycle, 100.0)

    def move(name, transfer_bytes):
        Traffic((0, name), log).read(memory.book(transfer_bytes), transfer_bytes)
        return [(s.owner[1], s.start_cycle, s.end_cycle, s.moving_cycles) for s in log.spans]

    assert move("a", 4) == [("a", 0, 2, 2)]
    assert move("b", 1) == [("a", 0, 1, 1), ("b", 1, 2, 1)]  # cycle 1 is the later one's
    assert move("a", 1) == [("a", 0, 2, 2)]  # b has shared its only cycle
    clock.run(until=5)
    assert move("a", 3) == [("a", 0, 6, 3)]
    assert move("b", 6) == [("a", 0, 6, 3), ("b", 6, 8, 2)]
