"""result.json, the account and the Perfetto trace say what the result says."""

import json
from dataclasses import asdict
from itertools import pairwise

import pytest
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent

from bitsim.errors import BitsimError
from bitsim.report import account, result_table, write_all, write_result, write_timeline
from bitsim.report.timeline import perfetto

KEYS = {
    "text", "token_ids", "cycles", "seconds", "tokens_per_s", "utilization", "stall_cycles",
    "counts", "dram_bytes", "energy_j", "area_mm2", "bit_exact", "phases", "records",
}  # fmt: skip


def read_trace(path):
    trace = Trace()
    trace.ParseFromString(path.read_bytes())
    return trace


def test_the_table_has_every_key_and_its_sums_hold(small, answer):
    table = result_table(small, answer(small), "bitsim run")
    assert table.keys() >= KEYS
    assert table["text"] == "1323"
    assert table["token_ids"] == [2, 3, 4, 5, 6]
    assert table["bit_exact"] is True
    assert table["cycles"] == small.cycles
    assert sum(table["stall_cycles"].values()) + table["counts"]["busy"] == small.cycles
    assert table["counts"] == asdict(small.counts)
    for name in ("energy_j", "area_mm2"):
        parts = dict(table[name])
        assert parts.pop("total") == pytest.approx(sum(parts.values()), rel=1e-12)
    assert set(table["dram_bytes"]) == {"activations", "results", "units", "weights"}
    assert len(table["phases"]) == len(small.phases)
    phase = table["phases"][0]
    assert phase.keys() >= {"name", "n", "k", "m", "cycles", "stalls"}
    assert phase["busy"] + sum(phase["stalls"].values()) == phase["cycles"]
    assert table["records"] == [asdict(each) for each in small.records]
    for resource in ("array", "units.vector", "memory"):
        rows = [each for each in table["records"] if each["resource"] == resource]
        assert sum(each["cycles"] for each in rows) == small.cycles


def test_without_a_generation_there_is_no_text_and_no_claim(small):
    table = result_table(small, None)
    assert (table["text"], table["token_ids"], table["bit_exact"]) == (None, None, None)
    assert "not compared" not in account(small, None)


def test_one_wrong_sum_is_not_bit_exact(small, answer):
    assert result_table(small, answer(small, mismatches=1))["bit_exact"] is False
    assert "NO: 1 of" in account(small, answer(small, mismatches=1))


def test_files_are_the_same_bytes_each_time_and_nothing_else_is_left(
    small, tmp_path, answer, new_result
):
    written = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        table = write_all(new_result(), answer(small, "é\ud800</script>"), "x", folder)
        assert sorted(p.name for p in folder.iterdir()) == [
            "report.html",
            "result.json",
            "timeline.pftrace",
        ]
        assert json.loads((folder / "result.json").read_text("utf-8")) == table
        written.append([p.read_bytes() for p in sorted(folder.iterdir())])
    assert written[0] == written[1]


def test_a_place_that_cannot_be_written_to_is_one_line(small, tmp_path):
    for write in (
        lambda path: write_result(small, None, path),
        lambda path: write_timeline(small, path),
    ):
        with pytest.raises(BitsimError, match="no_such_folder") as fault:
            write(tmp_path / "no_such_folder" / "file")
        assert "\n" not in str(fault.value)


def test_the_account_is_plain_ascii_of_a_terminals_width(results, answer):
    for result in results.values():
        text = account(result, answer(result))
        assert text.isascii()
        assert max(map(len, text.splitlines())) <= 96
        assert f"{result.cycles:,} cycles" in text
        assert "bit-exact with the reference" in text


def test_a_trace_has_a_slice_for_each_record_in_nanoseconds_of_the_clock(small, tmp_path):
    write_timeline(small, tmp_path / "t.pftrace")
    trace = read_trace(tmp_path / "t.pftrace")
    names = {
        p.track_descriptor.uuid: p.track_descriptor.name
        for p in trace.packet
        if p.HasField("track_descriptor")
    }
    assert set(names.values()) >= {"passes", "array", "unit vector", "DRAM weights", "DRAM (GB/s)"}
    assert len({p.trusted_packet_sequence_id for p in trace.packet}) == 1
    events = [p for p in trace.packet if p.HasField("track_event")]
    begins = [p for p in events if p.track_event.type == TrackEvent.TYPE_SLICE_BEGIN]
    ends = [p for p in events if p.track_event.type == TrackEvent.TYPE_SLICE_END]
    records = (*small.passes, *small.phases, *small.work, *small.transfers)
    waits = [each for each in small.records if each.resource == "array" and each.kind != "phase"]
    assert len(begins) == len(ends) == len(records) + len(waits)
    of_waits = [p for p in begins if names[p.track_event.track_uuid] == "array waits"]
    assert [p.track_event.name for p in of_waits] == [f"{w.kind}: {w.name}" for w in waits]
    on_array = [p for p in begins if names[p.track_event.track_uuid] == "array"]
    assert [p.track_event.name for p in on_array] == [p.name for p in small.phases]
    assert [p.timestamp for p in on_array] == [5 * p.start_cycle for p in small.phases]  # 200 MHz
    arguments = {a.name: a.int_value for a in on_array[0].track_event.debug_annotations}
    first = small.phases[0]
    assert arguments == {"n": first.n, "k": first.k, "m": first.m, **asdict(first.counts)}


def test_slices_that_overlap_are_on_tracks_with_names_of_their_own():
    trace = Trace()
    slices = [(0, 10, "a", {}), (5, 15, "b", {}), (10, 20, "c", {}), (11, 12, "d", {})]
    perfetto._Writer(trace, clock_mhz=100).track("DRAM weights", slices)
    descriptors = [p.track_descriptor for p in trace.packet if p.HasField("track_descriptor")]
    names = ["DRAM weights", "DRAM weights 2", "DRAM weights 3"]
    assert [each.name for each in descriptors] == names


def test_slices_of_one_track_never_overlap(large, tmp_path):
    write_timeline(large, tmp_path / "t.pftrace")
    last: dict[int, tuple[int, bool]] = {}
    for packet in read_trace(tmp_path / "t.pftrace").packet:
        event = packet.track_event
        if event.type in (TrackEvent.TYPE_SLICE_BEGIN, TrackEvent.TYPE_SLICE_END):
            when, is_open = last.get(event.track_uuid, (0, False))
            begins = event.type == TrackEvent.TYPE_SLICE_BEGIN
            assert packet.timestamp >= when
            assert begins != is_open
            last[event.track_uuid] = (packet.timestamp, begins)
    assert not any(is_open for _, is_open in last.values())


def test_bandwidth_integrates_to_the_bytes_moved(small, tmp_path):
    write_timeline(small, tmp_path / "t.pftrace")
    trace = read_trace(tmp_path / "t.pftrace")
    [track] = [
        p.track_descriptor.uuid for p in trace.packet if p.track_descriptor.name == "DRAM (GB/s)"
    ]
    steps = [
        (p.timestamp, p.track_event.double_counter_value)
        for p in trace.packet
        if p.track_event.track_uuid == track
    ]
    # GB/s x ns = bytes.
    moved = sum(rate * (until - since) for (since, rate), (until, _) in pairwise(steps))
    assert moved == pytest.approx(sum(small.dram_bytes.values()), rel=1e-9)
    assert steps[-1][1] == 0.0
