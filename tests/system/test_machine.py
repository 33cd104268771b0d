"""A machine as a whole: values, cycles, every byte and every cycle accounted for."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bitsim.errors import BitsimError
from bitsim.spec.counts import ArrayCounts
from bitsim.system import Machine, Pass, simulate, simulate_passes, simulate_trace
from bitsim.trace.writer import TraceWriter
from tests.system.small import Numbers, machine_of

PASSES = [(7, 0), (1, 7), (1, 8)]
MACHINES = {
    "plain": machine_of(),
    "tiles of one beat": machine_of(
        {"weight_fifo_beats": 64}, dma={"weight_tile_bytes": 64, "result_tile_bytes": 64}
    ),
    "slices, base 3, no tree": machine_of(
        {"slices": 3, "tree_stages": 0, "columns": 5, "lanes": 7, "activation_buffer_beats": 60}
    ),
    "slow memory": machine_of(memory={"peak_gb_per_s": 0.3}),
    "fast memory": machine_of(memory={"peak_gb_per_s": 500.0, "latency_ns": 0.0}),
    "far memory": machine_of(memory={"latency_ns": 5000.0}),
    "few places for results": machine_of(
        {"result_fifo_beats": 2, "columns": 32, "lanes": 44},
        memory={"peak_gb_per_s": 2.0},
        dma={"weight_tile_bytes": 4096},
    ),
}


def replayed(accelerator, network, technology, seed=1):
    """Three passes with values; every sum checked."""
    numbers, machine = Numbers(network, seed), Machine(accelerator, network, values=True)
    for index, (m, context) in enumerate(PASSES):
        machine.start_pass(m, context)
        for event in numbers.events(index, m):
            sums = machine.product(event)
            assert (sums == event.job().expected()).all(), event.name
        machine.finish_pass()
    return machine.result(technology)


@pytest.fixture(scope="module", params=MACHINES)
def run(request, network, technology):
    accelerator = MACHINES[request.param]
    return accelerator, replayed(accelerator, network, technology)


def test_timing_alone_finds_the_same_cycles_as_values(run, network, technology):
    accelerator, counted = run
    timed = simulate_passes(
        accelerator, network, technology, [Pass(m, context) for m, context in PASSES]
    )
    assert timed.passes == counted.passes
    assert timed.work == counted.work
    assert timed.transfers == counted.transfers
    for ours, theirs in zip(timed.phases, counted.phases, strict=True):
        assert (ours.start_cycle, ours.end_cycle) == (theirs.start_cycle, theirs.end_cycle)
        assert waits(ours.counts) == waits(theirs.counts)


def waits(counts: ArrayCounts) -> tuple[int, ...]:
    return (
        counts.cycles,
        counts.busy,
        counts.wait_weights,
        counts.wait_activations,
        counts.wait_results,
        counts.drain,
    )


def test_every_cycle_has_one_cause(run):
    _, result = run
    assert all(stall >= 0 for stall in result.stall_cycles.values())
    assert result.counts.busy + sum(result.stall_cycles.values()) == result.cycles
    for phase in result.phases:
        assert phase.end_cycle - phase.start_cycle == phase.counts.cycles
    ends = [0, *(each.end_cycle for each in result.passes)]
    assert [each.start_cycle for each in result.passes] == ends[:-1]


def test_every_byte_of_every_stream_is_moved_once(run):
    accelerator, result = run
    array, moved = accelerator.array, result.dram_bytes
    tilings = [array.tiling(network_phase) for network_phase in (each for each in _phases(result))]
    weight_beats = sum(tiling.weight_beats for tiling in tilings)
    assert moved["weights"] == weight_beats * array.columns * array.beat_bytes
    activation_beats = sum(tiling.activation_beats for tiling in tilings)
    assert moved["activations"] == activation_beats * array.lanes * array.slices
    result_beats = sum(tiling.result_beats for tiling in tilings)
    assert moved["results"] == result_beats * array.columns * array.slices * 4
    counted = sum(w.counts.read_bytes + w.counts.written_bytes for w in result.work)
    assert moved["units"] == counted


def _phases(result):
    for index, record in enumerate(result.passes):
        names = {p.name: p for p in result.phases if p.pass_index == index}
        for layer in range(result.network.layers):
            for product in result.network.products(layer):
                assert product.name in names
                yield product.phase(record.m)


def test_steps_follow_one_another(run):
    """Work and phases never overlap; a phase begins in the cycle after it was offered."""
    _, result = run
    spans = sorted(
        [(w.start_cycle, w.end_cycle) for w in result.work]
        + [(p.start_cycle - 1, p.end_cycle) for p in result.phases]
    )
    for (_, end), (start, _) in pairwise(spans):
        assert end <= start


def test_adds_subtracts_and_skips_are_all_lane_cycles(run):
    accelerator, result = run
    counts = result.counts
    lanes = counts.busy * accelerator.array.peak_products
    assert counts.adds + counts.subtracts + counts.skips == lanes
    assert not result.expected_counts


def test_the_same_run_gives_the_same_result(network, technology):
    accelerator = MACHINES["plain"]
    assert replayed(accelerator, network, technology) == replayed(accelerator, network, technology)


def test_other_numbers_take_the_same_cycles_but_other_energy(network, technology):
    one, other = (replayed(MACHINES["plain"], network, technology, seed) for seed in (1, 2))
    assert one.cycles == other.cycles
    assert one.counts.adds != other.counts.adds
    assert one.energy_j != other.energy_j


def test_a_recorded_trace_replays_like_the_run_it_is_of(tmp_path, network, technology):
    numbers, path = Numbers(network), tmp_path / "trace"
    with TraceWriter(path, network, command="test", seed=1) as writer:
        for index, (m, context) in enumerate(PASSES):
            writer.begin_pass(m, context)
            for event in numbers.events(index, m):
                writer.add(event)
    accelerator = MACHINES["plain"]
    assert simulate_trace(accelerator, path, technology) == replayed(
        accelerator, network, technology
    )


def test_a_product_out_of_turn_is_refused(network):
    events = list(Numbers(network).events(0, 3))
    machine = Machine(MACHINES["plain"], network, values=True)
    machine.start_pass(3, 0)
    machine.product(events[0])
    with pytest.raises(BitsimError, match=r"product layers\.0\.gate_up .* layers\.0\.o .* does"):
        machine.product(events[2])


def test_a_product_with_another_number_of_tokens_is_refused(network):
    machine = Machine(MACHINES["plain"], network, values=True)
    machine.start_pass(3, 0)
    with pytest.raises(BitsimError, match=r"layers\.0\.qkv .*m 2"):
        machine.product(next(Numbers(network).events(0, 2)))


def test_a_pass_that_ends_early_is_refused(network):
    machine = Machine(MACHINES["plain"], network, values=True)
    machine.start_pass(1, 0)
    machine.product(next(Numbers(network).events(0, 1)))
    with pytest.raises(BitsimError, match=r"ends before layers\.0\.o"):
        machine.finish_pass()


def test_a_network_that_the_array_cannot_run_is_refused_at_once(network):
    with pytest.raises(BitsimError, match="k = 90 is above the array's max_k = 60"):
        Machine(machine_of({"max_k": 60}), network, values=False)


def test_energy_by_shape_alone_needs_the_statistics(network, technology):
    bare = network.model_copy(update={"statistics": None})
    with pytest.raises(BitsimError, match=r"small: statistics: missing"):
        simulate(MACHINES["plain"], bare, technology, context=9)
    given = simulate(MACHINES["plain"], bare, technology, context=9, statistics=network.statistics)
    assert given.expected_counts
    assert given.energy == simulate(MACHINES["plain"], network, technology, context=9).energy


def test_expected_counts_follow_the_statistics(network, technology):
    result = simulate(MACHINES["plain"], network, technology, context=9)
    for phase in result.phases:
        live = 0.6 * (0.5 if phase.name.endswith("down") else 1.0)
        active = round(phase.n * phase.k * phase.m * live)
        assert phase.counts.adds + phase.counts.subtracts == active
        assert phase.counts.adds - phase.counts.subtracts in (0, 1)


def test_a_batch_decodes_a_token_for_each_sequence(network, technology):
    one, four = (
        simulate(MACHINES["plain"], network, technology, batch=n, context=9) for n in (1, 4)
    )
    assert (one.tokens, four.tokens) == (1, 4)
    assert four.phases[0].m == 4
    assert four.cycles < 4 * one.cycles
    assert four.tokens_per_s > one.tokens_per_s


def test_the_weights_of_the_next_product_are_fetched_while_this_one_runs(network, technology):
    result = replayed(MACHINES["plain"], network, technology)
    weights = [t for t in result.transfers if t.stream == "weights"]
    assert weights[0].start_cycle == 0
    for before, after, phase in zip(weights, weights[1:], result.phases[1:], strict=False):
        assert after.start_cycle < phase.start_cycle
        assert after.start_cycle >= before.start_cycle


def test_a_unit_outside_the_chip_has_no_area_but_costs_energy(network, technology):
    outside = machine_of()
    outside = outside.model_copy(
        update={"units": {"vector": outside.units["vector"].model_copy(update={"inside": False})}}
    )
    inside = simulate(machine_of(), network, technology, context=9)
    result = simulate(outside, network, technology, context=9)
    assert "unit vector" in {part.name for part in inside.area}
    assert "unit vector" not in {part.name for part in result.area}
    assert result.energy == inside.energy


def test_a_prompt_alone_is_rated_by_the_tokens_it_takes_in(network, technology):
    prompt = simulate(MACHINES["plain"], network, technology, stage="prefill", context=5)
    assert prompt.tokens == 5
