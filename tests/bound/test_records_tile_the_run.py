"""For each resource the records cover every cycle of a run once, whatever the machine."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitsim.spec import catalog
from bitsim.spec.accelerator import ARRAY, WORKS
from bitsim.spec.network import Statistics
from bitsim.system import Pass, simulate, simulate_passes
from tests.system.small import machine_of

TECHNOLOGY = catalog.load_technology("7nm")
NETWORK = catalog.load_network_spec("bitnet-b1.58-2b-4t").model_copy(
    update={
        "hidden_size": 80, "intermediate_size": 150, "layers": 2, "heads": 4, "kv_heads": 2,
        "vocab_size": 60, "bos_id": 0, "eos_ids": (1,), "max_context": 128,
        "statistics": Statistics(
            zero_weight_fraction=0.4, zero_ffn_fraction=0.6, source="made up for a test"
        ),
    }
)  # fmt: skip
UNIT = {"setup_cycles": 3, "arithmetic": "bf16", "inside": True}


@st.composite
def machines(draw):
    """Two units that share the work, one that has none; the head in a unit or in the array."""
    names = ("host", "vector")
    speeds = [draw(st.integers(1, 64)) for _ in names]
    work = {each: draw(st.sampled_from(names)) for each in WORKS}
    if draw(st.booleans()):
        work["head"] = ARRAY
    return machine_of(
        array={
            "columns": draw(st.integers(1, 8)),
            "lanes": 5 * draw(st.integers(1, 4)),
            "activation_buffer_beats": 128,
        },
        memory={
            "peak_gb_per_s": draw(st.sampled_from((0.02, 0.5, 3.0, 50.0))),
            "latency_ns": draw(st.sampled_from((0.0, 45.0, 2000.0))),
        },
        dma={
            name: draw(st.sampled_from((64, 192, 1024)))
            for name in ("activation_tile_bytes", "result_tile_bytes")
        }
        | {"weight_tile_bytes": draw(st.sampled_from((128, 4096)))},
        units={
            "spare": UNIT | {"multiplies_per_cycle": 1, "adds_per_cycle": 1},
            **{
                name: UNIT | {"multiplies_per_cycle": speed, "adds_per_cycle": speed}
                for name, speed in zip(names, speeds, strict=True)
            },
        },
        work=work,
    )


PASSES = st.lists(
    st.tuples(st.integers(1, 5), st.integers(0, 9), st.sampled_from((1, 2))), min_size=1, max_size=3
)


@given(machines(), PASSES)
@settings(deadline=None, max_examples=40)
def test_records_of_each_resource_cover_each_cycle_once(machine, walks):
    passes = [Pass(tokens * sequences, context, sequences) for tokens, context, sequences in walks]
    result = simulate_passes(machine, NETWORK, TECHNOLOGY, passes)
    by_resource = {}
    for each in result.records:
        by_resource.setdefault(each.resource, []).append(each)
    assert list(by_resource) == ["array", "units.host", "units.spare", "units.vector", "memory"]
    for rows in by_resource.values():
        assert rows[0].start_cycle == 0
        for row, following in pairwise(rows):
            assert row.start_cycle + row.cycles == following.start_cycle
        assert rows[-1].start_cycle + rows[-1].cycles == result.cycles
        assert all(row.cycles > 0 for row in rows)
    done = {resource: _cycles(rows) for resource, rows in by_resource.items()}
    assert done["array"] == result.counts.cycles
    for unit in machine.units:
        took = [w.end_cycle - w.start_cycle for w in result.work if w.unit == unit]
        assert done[f"units.{unit}"] == sum(took)
    moving = sum(each.moving_cycles for each in result.bus)
    bytes_per_cycle = machine.memory.expected_gb_per_s * 1e3 / machine.clock_mhz
    assert moving <= done["memory"] <= result.cycles
    assert moving >= sum(result.dram_bytes.values()) / bytes_per_cycle - len(result.bus)


def _cycles(rows):
    return sum(row.cycles for row in rows if row.kind in ("phase", "work", "transfer"))


@pytest.mark.parametrize("stage", ["decode", "prefill"])
@pytest.mark.parametrize("name", ["dot_16x40", "dot_16x40_head", "dot_4x80_host"])
def test_records_of_a_shipped_machine_cover_each_cycle_once(name, stage):
    machine = catalog.load_accelerator(name)
    network = catalog.load_network_spec("addition")
    result = simulate(machine, network, TECHNOLOGY, stage=stage, context=8)
    for resource in ("array", "memory", *(f"units.{unit}" for unit in machine.units)):
        rows = [each for each in result.records if each.resource == resource]
        covered = [
            cycle for row in rows for cycle in range(row.start_cycle, row.start_cycle + row.cycles)
        ]
        assert covered == list(range(result.cycles))
