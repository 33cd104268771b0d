"""The output head as one more product of the array, in ternary digits."""

from __future__ import annotations

import numpy as np
import pytest

from bitsim.program.program import PhaseStep, WorkStep, head_parts, head_phases, program
from bitsim.spec import base, catalog, digits
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.link.axi4 import Axi4BusSpec, ResultsSpec
from bitsim.system import Machine, Pass, simulate, simulate_passes, simulate_trace
from bitsim.trace.event import Event
from bitsim.trace.writer import TraceWriter
from tests.system.small import Numbers, machine_of

PASSES = [(7, 0), (1, 7), (1, 8)]
IN_ARRAY = machine_of(work={"head": "array"})
BUS = Axi4BusSpec(
    kind="axi4",
    data_bits=64,
    address_bits=40,
    weight_ports=1,
    burst_words=4,
    outstanding=2,
    read_fifo_words=16,
    write_fifo_words=16,
    list_entries=8,
    results=ResultsSpec(digits=6, code_beats=0),
)


def with_bus(machine: AcceleratorSpec, most_digits: int) -> AcceleratorSpec:
    bus = BUS.model_copy(update={"results": ResultsSpec(digits=most_digits, code_beats=0)})
    table = machine.model_dump() | {"bus": bus.model_dump()}
    return base.check(AcceleratorSpec, table, "test")


def replayed(accelerator, network, technology, head_digits=6):
    """Three passes with values; every sum of the layers and of the head checked."""
    most = min(digits.largest_code(head_digits), 127)
    rng = np.random.default_rng(5)
    codes = rng.integers(-most, most + 1, (network.vocab_size, network.hidden_size)).astype(np.int8)
    (part,) = head_parts(accelerator, network, head_digits)
    matrix = digits.digit_matrix(part.name, codes, head_digits, accelerator.array.columns)
    numbers = Numbers(network)
    machine = Machine(accelerator, network, values=True, head_digits=head_digits)
    for index, (m, context) in enumerate(PASSES):
        machine.start_pass(m, context)
        for event in numbers.events(index, m):
            machine.product(event)
        x = rng.integers(-128, 128, (1, network.hidden_size)).astype(np.int8)
        sums = machine.product(Event(index, "head", x, np.ones(1, np.float32), (matrix,)))
        scores = digits.joined(sums, head_digits, accelerator.array.columns)
        exact = x.astype(np.int32) @ codes.astype(np.int32).T
        assert np.array_equal(scores[:, : network.vocab_size], exact)
        machine.finish_pass()
    return machine.result(technology)


@pytest.fixture(scope="module")
def run(network, technology):
    return replayed(IN_ARRAY, network, technology)


def timed(accelerator, network, technology):
    passes = [Pass(m, context) for m, context in PASSES]
    return simulate_passes(accelerator, network, technology, passes)


def test_the_steps_behind_the_layers_come_in_order(network):
    names = [
        step.name if isinstance(step, WorkStep) else step.phase.name
        for step in program(IN_ARRAY, network, Pass(1, 3))
    ]
    assert names[-4:] == ["final_norm", "head_quantize", "head", "head_scores"]
    *_, head, scores = program(IN_ARRAY, network, Pass(7, 0, sequences=1))
    assert isinstance(head, PhaseStep)
    assert isinstance(scores, WorkStep)
    # 70 rows are 18 row tiles of 4 columns, each six times; of the last token alone.
    assert (head.phase.n, head.phase.k, head.phase.m) == (6 * 18 * 4, 44, 1)
    assert scores.work == "head"
    assert scores.counts.adds == 70 * 6 + 2
    assert scores.counts.multiplies == 70 * 7 + 4
    assert scores.counts.read_bytes == 6 * 18 * 4 * 4 + 71 * 4


def test_timing_alone_finds_the_same_cycles_as_values(run, network, technology):
    alone = timed(IN_ARRAY, network, technology)
    assert (alone.passes, alone.work, alone.transfers) == (run.passes, run.work, run.transfers)
    for ours, theirs in zip(alone.phases, run.phases, strict=True):
        assert (ours.start_cycle, ours.end_cycle) == (theirs.start_cycle, theirs.end_cycle)
    assert (alone.expected_counts, alone.expected_head) == (True, True)
    assert (run.expected_counts, run.expected_head) == (False, False)
    assert run.counts.busy + sum(run.stall_cycles.values()) == run.cycles
    lanes = IN_ARRAY.array.peak_products
    for result in (alone, run):
        for phase in result.phases:
            counts = phase.counts
            assert counts.adds + counts.subtracts + counts.skips == counts.busy * lanes


def test_the_layers_and_all_bytes_but_the_heads_are_those_of_a_head_in_a_unit(
    run, network, technology
):
    other = timed(machine_of(), network, technology)
    layers = [phase for phase in run.phases if phase.name != "head"]
    assert [phase.name for phase in layers] == [phase.name for phase in other.phases]
    heads = [each for each in run.transfers if each.name == "head"]
    moved = {each.stream: each.read_bytes + each.written_bytes for each in heads}
    tiles, beats = 6 * 18, 5  # ceil(44 / 10)
    beat_bytes = IN_ARRAY.array.beat_bytes
    assert moved == {
        "weights": tiles * beats * 4 * beat_bytes,
        "activations": beats * 10,
        "results": tiles * 4 * 4,
    }
    streams = ("weights", "activations", "results")
    for stream in streams:
        assert run.dram_bytes[stream] == other.dram_bytes[stream] + len(PASSES) * moved[stream]
    units = {record.unit for record in run.work}
    assert units == {"vector"}


def test_a_result_stage_adds_the_digits_so_that_a_sixth_of_the_sums_leave(network, technology):
    plain, staged, too_few = (
        replayed(machine, network, technology)
        for machine in (IN_ARRAY, with_bus(IN_ARRAY, 6), with_bus(IN_ARRAY, 5))
    )
    written = [
        sum(each.written_bytes for each in result.transfers if each.name == "head")
        for result in (plain, staged, too_few)
    ]
    assert written[0] == written[2] == 6 * written[1]
    scores = [
        next(record.counts for record in result.work if record.name == "head_scores")
        for result in (plain, staged, too_few)
    ]
    assert scores[0] == scores[2]
    assert scores[1].adds == 70 + 2
    assert scores[0].read_bytes - scores[1].read_bytes == 5 * 18 * 4 * 4
    assert staged.cycles < plain.cycles == too_few.cycles


@pytest.mark.parametrize("head_digits", [1, 3, 5])
def test_narrower_codes_take_fewer_digits(head_digits, run, network, technology):
    result = replayed(IN_ARRAY, network, technology, head_digits)
    by_name = {phase.name: phase for phase in result.phases}
    assert by_name["head"].n == head_digits * 18 * 4
    assert result.cycles < run.cycles


def test_a_head_of_more_row_tiles_than_the_array_counts_is_cut(network):
    """One column: 6 x 128,256 row tiles, of 65,535 at most in a phase."""
    large = catalog.load_network_spec("bitnet-b1.58-2b-4t")
    narrow = machine_of({"columns": 1, "max_k": 8190, "accumulator_bits": 21,
                         "activation_buffer_beats": 2048}, work={"head": "array"})  # fmt: skip
    parts = head_parts(narrow, large, 6)
    assert [part.first for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end == 128_256
    assert len(parts) == 12
    for phase in head_phases(narrow, large, 1, 6):
        assert phase.n % 6 == 0
        narrow.array.tiling(phase)


def test_a_head_in_parts_has_the_same_sums_and_bytes(network, technology, monkeypatch):
    whole = timed(IN_ARRAY, network, technology)
    monkeypatch.setattr("bitsim.program.program.MAX_TILES", 6 * 7 + 1)
    assert [part.end for part in head_parts(IN_ARRAY, network, 6)] == [28, 56, 70]
    cut = timed(IN_ARRAY, network, technology)
    names = [phase.name for phase in cut.phases if phase.name.endswith("head")]
    assert names == ["part.0.head", "part.1.head", "part.2.head"] * len(PASSES)
    assert cut.dram_bytes["weights"] == whole.dram_bytes["weights"]
    assert cut.dram_bytes["results"] == whole.dram_bytes["results"]
    assert cut.products == whole.products


def test_a_trace_has_no_head_so_its_timing_is_all_that_is_told(tmp_path, network, technology):
    numbers = Numbers(network)
    with TraceWriter(tmp_path / "small.trace", network, command="test", seed=1) as writer:
        for index, (m, context) in enumerate(PASSES):
            writer.begin_pass(m, context)
            for event in numbers.events(index, m):
                writer.add(event)
    result = simulate_trace(IN_ARRAY, tmp_path / "small.trace", technology)
    alone = timed(IN_ARRAY, network, technology)
    assert result.passes == alone.passes
    assert (result.expected_counts, result.expected_head) == (False, True)
    assert [each.counts for each in result.phases if each.name == "head"] == [
        each.counts for each in alone.phases if each.name == "head"
    ]
    assert result.counts != alone.counts  # the layers' are counted


def test_a_batch_scores_a_row_for_each_sequence(network, technology):
    result = simulate(IN_ARRAY, network, technology, batch=3, context=4)
    (head,) = (phase for phase in result.phases if phase.name == "head")
    assert head.m == 3
    weights = [t for t in result.transfers if (t.name, t.stream) == ("head", "weights")]
    one = simulate(IN_ARRAY, network, technology, batch=2, context=4)
    once = [t for t in one.transfers if (t.name, t.stream) == ("head", "weights")]
    assert weights[0].read_bytes == 2 * once[0].read_bytes  # hold 2: the third meets them again
