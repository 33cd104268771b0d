"""Every cycle belongs to one record."""

import dataclasses

import pytest

from bitsim.report import occupancy
from bitsim.report.occupancy import OUTSIDE, Cycles
from bitsim.report.verdict import verdict
from bitsim.spec.counts import ArrayCounts, WorkCounts
from bitsim.system.log import PassRecord, PhaseRecord, WorkRecord


def phase(name, start, end, busy):
    counts = ArrayCounts(cycles=end - start, busy=busy, wait_weights=end - start - busy)
    return PhaseRecord(0, name, 16, 40, 1, start, end, counts)


def work(name, start, end, kind="norm"):
    return WorkRecord(0, name, kind, "vector", start, end, WorkCounts())


def run(small, phases, works, end):
    return dataclasses.replace(
        small,
        passes=(PassRecord(0, "decode", 1, 0, 0, end),),
        phases=tuple(phases),
        work=tuple(works),
        transfers=(),
    )


@pytest.mark.parametrize("name", ["small", "large", "single"])
def test_shares_sum_to_the_run_and_agree_with_the_counters(results, name):
    result = results[name]
    total = occupancy.total(result)
    assert total.total == result.cycles
    assert total.busy == result.counts.busy
    assert {
        "weights": total.weights,
        "activations": total.activations,
        "results": total.results,
        "drain": total.drain,
        "units": total.units,
    } == result.stall_cycles
    for rows in (occupancy.by_kind(result), occupancy.by_layer(result)):
        assert Cycles.summed(row.cycles for row in rows) == total
    unit_rows = Cycles.summed(cycles for _, cycles in occupancy.work_cycles(result))
    assert unit_rows.units == total.units


def test_cycles_without_a_phase_go_to_the_earliest_work_and_gaps_to_what_follows(small):
    result = run(
        small,
        [phase("layers.0.qkv", 10, 30, 15), phase("layers.0.o", 60, 70, 10)],
        [
            work("layers.0.norm", 2, 12),  # 8 cycles before the phase; 2 are hidden behind it
            work("layers.0.rope", 33, 40, "rope"),  # 3 cycles of hand-over before it
            work("layers.0.attention", 36, 50, "attention"),  # overlaps: 10 cycles are its own
            work("head", 70, 75, "head"),
        ],
        80,
    )
    by_name = {row.label: row.cycles for row in occupancy.by_kind(result)}
    assert by_name["norm"] == Cycles(units=2 + 8, handover=2)
    assert by_name["rope"] == Cycles(units=3 + 7, handover=3)
    assert by_name["attention"] == Cycles(units=10)
    assert by_name["qkv"] == Cycles(busy=15, weights=5)
    assert by_name["o"] == Cycles(busy=10, units=10, handover=10)
    assert by_name["head"] == Cycles(units=10, handover=5)  # the end belongs to the last record
    assert occupancy.total(result).total == 80


def test_names_say_the_layer_and_the_kind(small):
    assert occupancy.layer(phase("model.layers.12.mlp.down_proj", 0, 1, 1)) == "12"
    assert occupancy.kind(phase("model.layers.12.mlp.down_proj", 0, 1, 1)) == "down_proj"
    assert occupancy.layer(work("head", 0, 1)) == OUTSIDE
    assert occupancy.layer(work("layers", 0, 1)) == OUTSIDE
    labels = [row.label for row in occupancy.by_layer(small)]
    assert labels == ["0", "1", "2", OUTSIDE]


def test_layers_are_in_the_order_of_their_numbers(large):
    labels = [row.label for row in occupancy.by_layer(large)]
    assert labels == [*map(str, range(30)), OUTSIDE]


def test_the_verdict_names_what_takes_the_most_time(small, large):
    busy = run(small, [phase("layers.0.qkv", 0, 100, 90)], [], 100)
    assert verdict(busy)[0] == "The array itself is the limit: it is busy 90.0 % of the time."
    waits = run(small, [phase("layers.0.qkv", 0, 100, 20)], [], 100)
    first, reason, following = verdict(waits)
    assert first == "The array waits for weights 80.0 % of the time."
    assert "not bandwidth" in reason  # the run moves no bytes at all
    assert following == "Next: the array busy 20.0 %."
    head, why, _ = verdict(large)
    assert head.startswith("The head, done by unit 'vector', takes 50.4 %")
    assert why.endswith("bandwidth is the limit.")


def test_many_small_works_are_named_together(small):
    works = [
        work(f"layers.0.{kind}", start, start + 20, kind)
        for start, kind in ((0, "norm"), (20, "rope"), (40, "head"), (60, "residual"))
    ]
    result = run(small, [phase("layers.0.qkv", 80, 100, 20)], works, 100)
    assert verdict(result)[0] == "The units beside the array take 80.0 % of the time."
    assert verdict(result)[1] == "Most of it: head 20.0 %, norm 20.0 %, residual 20.0 %."
