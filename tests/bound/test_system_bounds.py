"""What no simulation may break: rooflines, monotonicity, energy as the sum of its counts."""

from __future__ import annotations

import math

import pytest

from bitsim.spec import catalog
from bitsim.spec.network import Statistics
from bitsim.system import Pass, simulate, simulate_passes
from bitsim.system.units import arithmetic_cycles
from tests.system.small import machine_of

MODEL = catalog.load_network_spec("bitnet-b1.58-2b-4t")
TECHNOLOGY = catalog.load_technology("7nm")
SMALL = MODEL.model_copy(
    update={
        "hidden_size": 200, "intermediate_size": 190, "layers": 1, "heads": 5, "kv_heads": 5,
        "vocab_size": 300, "bos_id": 0, "eos_ids": (1,), "max_context": 128,
        "statistics": Statistics(
            zero_weight_fraction=0.4, zero_ffn_fraction=0.6, source="made up for a test"
        ),
    }
)  # fmt: skip


def sustained_bytes_per_cycle(accelerator) -> float:
    return accelerator.memory.expected_gb_per_s * 1e3 / accelerator.clock_mhz


@pytest.fixture(scope="module")
def token():
    """One decoded token of the 2B model on the default machine."""
    return simulate(catalog.load_accelerator("dot_16x40"), MODEL, TECHNOLOGY, context=512)


def test_a_token_takes_no_fewer_cycles_than_its_bytes_need(token):
    moved = sum(token.dram_bytes.values())
    assert token.cycles >= moved / sustained_bytes_per_cycle(token.accelerator)


def test_a_token_takes_no_fewer_cycles_than_its_arithmetic_needs(token):
    units = token.accelerator.units
    arithmetic = sum(arithmetic_cycles(units[w.unit], w.counts) for w in token.work)
    assert token.cycles >= token.counts.busy + arithmetic
    for piece in token.work:
        took = piece.end_cycle - piece.start_cycle
        assert took >= arithmetic_cycles(units[piece.unit], piece.counts)


def test_weights_are_read_once_for_a_token(token):
    assert token.counts.busy == sum(math.ceil(p.n / 16) * math.ceil(p.k / 40) for p in token.phases)
    assert token.dram_bytes["weights"] == token.counts.busy * 16 * 8


def test_no_transfer_is_faster_than_the_bus(token):
    per_cycle = sustained_bytes_per_cycle(token.accelerator)
    for transfer in token.transfers:
        took = transfer.end_cycle - transfer.start_cycle
        assert (transfer.read_bytes + transfer.written_bytes) / per_cycle <= took + 1e-6


def test_a_phase_is_at_most_a_thousandth_slower_than_the_bus(token):
    """Decode lives on it: double buffering has to hide everything but the first latency."""
    for phase in token.phases:
        moved = sum(t.read_bytes + t.written_bytes for t in token.transfers if t.name == phase.name)
        ideal = moved / sustained_bytes_per_cycle(token.accelerator)
        assert phase.counts.cycles <= 1.001 * ideal + 60


def passes_on(accelerator):
    return simulate_passes(
        accelerator, SMALL, TECHNOLOGY, [Pass(9, 0), Pass(1, 9), Pass(4, 9, sequences=4)]
    )


def test_more_bandwidth_is_never_slower():
    cycles = [
        passes_on(machine_of(memory={"peak_gb_per_s": peak})).cycles
        for peak in (0.05, 0.1, 0.4, 1.0, 3.0, 10.0, 40.0, 400.0)
    ]
    assert cycles == sorted(cycles, reverse=True)
    assert cycles[0] > 10 * cycles[-1]


def test_less_latency_is_never_slower():
    cycles = [
        passes_on(machine_of(memory={"latency_ns": ns})).cycles
        for ns in (5000.0, 1000.0, 200.0, 100.0, 5.0, 0.0)
    ]
    assert cycles == sorted(cycles, reverse=True)
    assert cycles[0] > cycles[-1]


def test_a_faster_unit_is_never_slower_and_does_not_change_the_bytes():
    results = [
        passes_on(
            machine_of(
                units={
                    "vector": {
                        "multiplies_per_cycle": speed, "adds_per_cycle": speed,
                        "setup_cycles": 32, "arithmetic": "bf16", "inside": True,
                    }
                }
            )
        )
        for speed in (1, 4, 16, 64, 1024)
    ]  # fmt: skip
    cycles = [result.cycles for result in results]
    assert cycles == sorted(cycles, reverse=True)
    assert len({tuple(result.dram_bytes.items()) for result in results}) == 1


def test_a_longer_context_costs_cycles_bytes_and_energy():
    results = [simulate(machine_of(), SMALL, TECHNOLOGY, context=n) for n in (1, 10, 100)]
    for key in ("cycles", "energy_j"):
        found = [getattr(result, key) for result in results]
        assert found == sorted(found)
        assert found[0] < found[-1]


def test_energy_is_the_sum_over_passes():
    """Counts, not time, cost energy: two runs together cost what they cost apart."""
    accelerator = machine_of()
    apart = [
        simulate_passes(accelerator, SMALL, TECHNOLOGY, [each]).energy_j
        for each in (Pass(9, 0), Pass(1, 9))
    ]
    together = simulate_passes(accelerator, SMALL, TECHNOLOGY, [Pass(9, 0), Pass(1, 9)])
    cycles_pj = 48 * 0.0021  # counters tick with every cycle, and waiting differs
    slack_j = together.cycles * cycles_pj * 1e-12
    assert together.energy_j == pytest.approx(sum(apart), abs=slack_j)


def test_the_board_that_runs_this_model_is_met_within_a_tenth():
    """bitnet-kv260 (GitHub MerlijnW70/bitnet-kv260): its weight stream takes 32.80 ms a token."""
    board = catalog.load_accelerator("dot_4x80_host")
    result = simulate(board, MODEL, catalog.load_technology("45nm"), context=512)
    assert result.dram_bytes["weights"] == 417_546_240
    stream_ms = result.counts.cycles / board.clock_mhz / 1e3
    assert stream_ms == pytest.approx(32.80, rel=0.1)
