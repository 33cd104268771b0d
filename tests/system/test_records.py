"""Who had which cycle of a resource, and what it waited for otherwise."""

from __future__ import annotations

import dataclasses
import sys

import pytest

from bitsim.errors import BitsimError
from bitsim.spec import catalog
from bitsim.spec.counts import ArrayCounts, WorkCounts
from bitsim.system import simulate
from bitsim.system.log import BusRecord, PassRecord, PhaseRecord, WorkRecord
from bitsim.system.records import Record

PRICES = catalog.load_technology("7nm")
NETWORK = catalog.load_network_spec("addition")


@pytest.fixture(scope="module")
def decoded():
    machine = catalog.load_accelerator("dot_16x40")
    return simulate(machine, NETWORK, PRICES, context=8)


@pytest.fixture(scope="module")
def by_hand(decoded):
    """A prompt, then a token: 0 to 50 and 50 to 80."""
    counts = ArrayCounts(cycles=20, busy=15, wait_weights=5)
    return dataclasses.replace(
        decoded,
        passes=(PassRecord(0, "prefill", 2, 0, 0, 50), PassRecord(1, "decode", 1, 2, 50, 80)),
        phases=(PhaseRecord(0, "layers.0.qkv", 16, 40, 2, 12, 32, counts),),
        work=(
            WorkRecord(0, "embedding", "embedding", "vector", 0, 10, WorkCounts()),
            WorkRecord(0, "head", "head", "vector", 35, 50, WorkCounts()),
            WorkRecord(1, "embedding", "embedding", "vector", 50, 78, WorkCounts()),
        ),
        transfers=(),
        bus=(BusRecord(0, "layers.0.qkv", 5, 34, 12), BusRecord(1, "embedding", 52, 60, 8)),
    )


def test_records_name_the_owner_or_what_the_resource_waits_for(by_hand):
    assert by_hand.records == (
        Record("array", "waiting", "embedding", None, "prefill", 0, 10),
        Record("array", "hand-over", "layers.0.qkv", 0, "prefill", 10, 2),
        Record("array", "phase", "layers.0.qkv", 0, "prefill", 12, 20),
        Record("array", "idle", "head", None, "prefill", 32, 18),
        Record("array", "idle", "embedding", None, "decode", 50, 30),
        Record("units.vector", "work", "embedding", None, "prefill", 0, 10),
        Record("units.vector", "hand-over", "layers.0.qkv", 0, "prefill", 10, 2),
        Record("units.vector", "waiting", "layers.0.qkv", 0, "prefill", 12, 20),
        Record("units.vector", "hand-over", "head", None, "prefill", 32, 3),
        Record("units.vector", "work", "head", None, "prefill", 35, 15),
        Record("units.vector", "work", "embedding", None, "decode", 50, 28),
        Record("units.vector", "idle", "embedding", None, "decode", 78, 2),
        Record("memory", "waiting", "embedding", None, "prefill", 0, 5),
        Record("memory", "transfer", "layers.0.qkv", 0, "prefill", 5, 29),
        Record("memory", "hand-over", "head", None, "prefill", 34, 1),
        Record("memory", "waiting", "head", None, "prefill", 35, 15),
        Record("memory", "waiting", "embedding", None, "decode", 50, 2),
        Record("memory", "transfer", "embedding", None, "decode", 52, 8),
        Record("memory", "idle", "embedding", None, "decode", 60, 20),
    )


def test_the_busiest_resource_is_the_one_that_works_or_moves_data_in_most_cycles(by_hand):
    assert by_hand.busiest == "units.vector"  # 53 cycles; the array multiplies in 15, 20 bus cycles
    full = (BusRecord(0, "layers.0.qkv", 5, 60, 54),)
    assert dataclasses.replace(by_hand, bus=full).busiest == "memory"
    phase = by_hand.phases[0]
    long = dataclasses.replace(phase, counts=ArrayCounts(cycles=20, busy=55))
    assert dataclasses.replace(by_hand, phases=(long,)).busiest == "array"


def test_the_frame_is_of_the_busiest_resource_or_of_the_one_asked_for(by_hand):
    frame = by_hand.frame()
    assert list(frame.columns) == [
        "resource", "kind", "name", "layer", "stage", "start_cycle", "cycles",
    ]  # fmt: skip
    assert set(frame.resource) == {"units.vector"}
    array = by_hand.frame("array")
    assert array.groupby("kind").cycles.sum().to_dict() == {
        "hand-over": 2, "idle": 48, "phase": 20, "waiting": 10,
    }  # fmt: skip
    assert array.layer.sum() == 0
    assert array.layer.isna().sum() == 3


def test_a_resource_that_is_not_there_is_refused_with_those_that_are(by_hand):
    with pytest.raises(BitsimError) as fault:
        by_hand.frame("vector")
    assert str(fault.value) == ("resource = 'vector': must be one of array, units.vector, memory")


def test_without_pandas_the_message_says_what_works_in_a_checkout(by_hand, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(BitsimError, match=r"`make notebook`.*`pip install '\.\[notebook\]'`"):
        by_hand.frame()


def test_a_result_is_one_line_and_can_be_a_key(decoded):
    assert repr(decoded) == (
        "<RunResult: addition on dot_16x40, 10,650 cycles = 0.05325 ms, 1.878e+04 tokens/s, "
        "0.000113 J a token, 0.0612 mm2 in 7nm>"
    )
    assert decoded._repr_html_() == f"<p>{repr(decoded)[1:-1]}</p>"
    again = simulate(decoded.accelerator, NETWORK, PRICES, context=8)
    assert again == decoded
    assert hash(again) == hash(decoded)
    assert len({decoded, again, simulate(decoded.accelerator, NETWORK, PRICES, context=9)}) == 2
