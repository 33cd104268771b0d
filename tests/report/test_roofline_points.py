"""The roofline's numbers."""

import dataclasses

import pytest

from bitsim.report import traffic
from bitsim.report.roofline.chart import chart
from bitsim.report.roofline.points import attainable, points
from bitsim.system.log import PassRecord, TransferRecord


def test_a_point_is_products_over_bytes_and_cycles_of_its_phases(small):
    [decode_o] = [p for p in points(small) if (p.label, p.stage) == ("o", "decode")]
    assert decode_o.products == 3 * 4 * 256 * 256  # layers x passes x N x K
    tiles, beats = 256 // 16, 7  # ceil(256 / 40)
    weight_bytes = tiles * beats * 16 * 8
    assert decode_o.dram_bytes == 3 * 4 * (weight_bytes + 256 + 4 * 256)
    phases = [p for p in small.phases if p.name.endswith(".o") and p.pass_index > 0]
    cycles = sum(p.end_cycle - p.start_cycle for p in phases)
    rate = decode_o.products / cycles * 200e6
    assert decode_o.products_per_s == pytest.approx(rate, rel=1e-12)


def test_the_roof_is_the_lower_of_lanes_and_bandwidth(small):
    assert attainable(small, 1.0) == 25.6e9 * 0.82
    assert attainable(small, 1e9) == 16 * 40 * 200e6


def test_the_whole_run_is_one_more_point(small):
    last = points(small)[-1]
    assert (last.label, last.stage) == ("whole run", None)
    assert last.products == small.products
    assert last.dram_bytes == sum(small.dram_bytes.values())
    assert last.cycles == small.cycles


def test_phases_that_move_nothing_have_no_point(small):
    silent = dataclasses.replace(small, transfers=())
    assert points(silent) == ()
    assert "<svg" in chart(silent, ())


def test_the_rate_while_something_runs_counts_the_bytes_of_that_time_alone(small):
    one = dataclasses.replace(
        small,
        passes=(PassRecord(0, "decode", 1, 0, 0, 100),),
        transfers=(TransferRecord(0, "x", "weights", 10, 30, 2000, 0),),
    )
    during = dataclasses.replace(small.phases[0], start_cycle=20, end_cycle=40)
    # Half of 2000 bytes within 20 cycles at 200 MHz: 50 B x 0.2 GHz.
    assert traffic.gb_per_s_during(one, [during]) == 10.0
    assert traffic.gb_per_s_during(one, []) == 0.0


def test_spans_that_overlap_or_touch_are_joined():
    assert traffic.joined([(5, 9), (0, 3), (3, 4), (8, 12), (20, 20)]) == [(0, 4), (5, 12)]
    assert traffic.length([(0, 4), (5, 12)]) == 11
