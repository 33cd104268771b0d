"""Whole lists through the Verilog of accelerators: every value is numpy's, no AXI rule is broken.

Five machines at the edges of what a bus may be, each under five kinds of memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bitsim.agreement.arrays.random import random_activations, random_job, random_weights
from bitsim.agreement.lists.case import ListWork, TopCase
from bitsim.agreement.lists.compare import compare, run_model
from bitsim.agreement.lists.memory_map import place_products
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.encoding import Packing
from bitsim.spec.link.axi4 import Axi4BusSpec, BusLayout
from bitsim.trace.job import Job
from bitsim.trace.world import Cycles, ReadWorld, World, WriteWorld, constant, ideal_world
from bitsim.verilated.lists.replay import Round, TopOutcome, build_top_bench, replay_lists
from bitsim.verilated.lists.stimulus import Machine, Product

MOST_CYCLES = 60_000
WORLDS = ("ideal", "fixed_latency", "random", "ddr4", "slow_writes")


def array(
    columns: int, lanes: int, packing: Packing, slices: int = 1, hold: int = 1, bits: int = 24
) -> DotSpec:
    """Queues as small as they may be, K up to 12 beats."""
    return DotSpec(
        dataflow="dot",
        columns=columns,
        lanes=lanes,
        slices=slices,
        hold=hold,
        weight_packing=packing,
        tree_stages=min(1, (lanes - 1).bit_length()),
        accumulator_bits=bits,
        max_k=12 * lanes,
        weight_fifo_beats=2,
        activation_buffer_beats=12 * hold,
        result_fifo_beats=2,
        skip="gate",
    )


def bus(
    data_bits: int,
    weight_ports: int,
    burst_words: int,
    outstanding: int,
    read_fifo_words: int,
    write_fifo_words: int,
    list_entries: int,
    address_bits: int = 40,
) -> Axi4BusSpec:
    return Axi4BusSpec(
        kind="axi4",
        data_bits=data_bits,
        address_bits=address_bits,
        weight_ports=weight_ports,
        burst_words=burst_words,
        outstanding=outstanding,
        read_fifo_words=read_fifo_words,
        write_fifo_words=write_fifo_words,
        list_entries=list_entries,
    )


MACHINES = {
    # One place more than nothing everywhere; a weight beat is a word, of which it fills one byte.
    "smallest": (array(1, 1, "2bit", bits=12), bus(32, 1, 1, 1, 2, 2, 2, address_bits=32)),
    # FIFOs of one burst, one burst at a time; held weights, several passes, many words a result.
    "one_burst": (array(4, 7, "base3", slices=2, hold=3), bus(32, 2, 4, 1, 4, 4, 3)),
    # As an FPGA would have it, with three ports: strides of 0, 1 and 2.
    "board": (array(3, 40, "base3", hold=2), bus(128, 3, 16, 4, 64, 32, 5)),
    # Bursts of 4096 bytes: whatever begins elsewhere is cut at the first boundary.
    "page_bursts": (array(8, 16, "2bit", slices=2), bus(512, 1, 64, 16, 64, 64, 4, 64)),
    # Bursts and FIFOs of odd sizes, eight ports, accumulators wider than what is written.
    "odd": (array(8, 64, "2bit", bits=40), bus(64, 8, 5, 3, 7, 9, 7)),
}
FIRST_ADDRESS = {"page_bursts": (1 << 62) + 4096 - 64, "odd": (1 << 40) - (1 << 20)}


def lists_of(name: str) -> list[list[Product]]:
    """Two lists; all images one after the other, so that bursts meet boundaries anywhere.

    The second product of the first list has the activations of the first, as K does those of Q.
    """
    spec, wires = MACHINES[name]
    rng = np.random.default_rng([20261122, len(name)])
    n, k = 9 * spec.columns + 1, spec.max_k
    first = Job("first", random_weights(rng, n, k), random_activations(rng, 3, k))
    again = Job("again", random_weights(rng, 5, k), first.activations)
    one_beat = Job("one_beat", random_weights(rng, 7, 1), random_activations(rng, 8, 1))
    jobs = [first, again, one_beat]
    jobs += [random_job(rng, spec, f"random_{index}") for index in range(wires.list_entries)]
    jobs[-1] = Job("largest", np.full((2, k), -1, np.int8),
                   np.full((1, k), -128, np.int8))  # fmt: skip
    layout = BusLayout(spec, wires)
    entries = place_products(layout, jobs, FIRST_ADDRESS.get(name, 4096 - wires.word_bytes))
    entries[1] = replace(entries[1], activations_address=entries[0].activations_address)
    products = [Product(job, entry) for job, entry in zip(jobs, entries, strict=True)]
    cut = min(2, wires.list_entries)
    parts = [products[:cut], products[cut : cut + wires.list_entries]]
    return [*parts, products[cut + wires.list_entries :]]


def world_of(kind: str, ports: int) -> World:
    """What kind of memory; each port of a random one behaves in a way of its own."""
    rng = np.random.default_rng([7, ports])

    def some(least: int, most: int) -> Cycles:
        return rng.integers(least, most + 1, int(rng.integers(1, 60))).astype(np.int64)

    def often_zero(most: int) -> Cycles:
        return some(0, most) * (rng.random() < 0.5)

    match kind:
        case "ideal":
            return ideal_world(ports)
        case "fixed_latency":
            far = ReadWorld(latency=constant(40))
            return World((far,) * ports, far, WriteWorld(response=constant(40)))
        case "random":
            reads = [
                ReadWorld(some(0, 9), some(1, 60), often_zero(5), 97 + port, int(rng.integers(20)))
                for port in range(ports + 1)
            ]
            write = WriteWorld(some(0, 40), often_zero(9), some(1, 50), 61, 8)
            return World(tuple(reads[:-1]), reads[-1], write)
        case "slow_writes":  # an address comes long after its words, or at once
            accept, gap, response = ([30, 0, 3], [0, 0, 0, 0, 9], [60, 1])
            write = WriteWorld(*(np.array(each, np.int64) for each in (accept, gap, response)))
            return World((ReadWorld(),) * ports, ReadWorld(), write)
        case _:  # rows open and closed; a refresh of 350 ns in 7.8 us, at 200 MHz
            row = np.where(np.arange(64) % 8 == 0, 26, 14).astype(np.int64)
            reads = [ReadWorld(constant(2), np.roll(row, port), constant(0), 1560, 70)
                     for port in range(ports + 1)]  # fmt: skip
            write = WriteWorld(constant(3), constant(0), row, 1560, 70)
            return World(tuple(reads[:-1]), reads[-1], write)


def machine_of(name: str, kind: str) -> Machine:
    spec, wires = MACHINES[name]
    world = world_of(kind, wires.weight_ports)
    return Machine(spec, wires, lists_of(name), world)


@pytest.fixture(scope="module")
def bench(bench_work: Path) -> Path:
    """All machines in one binary: building it is what these tests cost."""
    return build_top_bench(list(MACHINES.values()), bench_work, "-O0")


@pytest.fixture(scope="module")
def outcomes(
    bench: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], TopOutcome]:
    rounds = [Round([machine_of(name, kind) for name in MACHINES], MOST_CYCLES) for kind in WORLDS]
    ran = replay_lists(rounds, bench, tmp_path_factory.mktemp("lists"))
    return {
        (name, kind): outcome
        for kind, each in zip(WORLDS, ran, strict=True)
        for name, outcome in zip(MACHINES, each, strict=True)
    }


def each_case() -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("name", "kind"), [(name, kind) for name in MACHINES for kind in WORLDS]
    )


@each_case()
def test_every_value_is_numpys_and_no_rule_is_broken(
    outcomes: dict[tuple[str, str], TopOutcome], name: str, kind: str
) -> None:
    found, lists = outcomes[name, kind], lists_of(name)
    assert found.faults == ()
    products = [product for each in lists for product in each]
    assert len(found.phases) == len(products)
    for phase, product in zip(found.phases, products, strict=True):
        assert np.array_equal(phase.output, product.job.expected()), product.job.name
    assert [each.errors for each in found.lists] == [0] * len(lists)


@each_case()
def test_cycle_model_and_verilog_agree_in_every_burst_cycle_and_counter(
    outcomes: dict[tuple[str, str], TopOutcome], name: str, kind: str
) -> None:
    machine = machine_of(name, kind)
    case = TopCase(
        name=f"{name}_{kind}",
        layout=BusLayout(machine.array, machine.bus),
        lists=[
            ListWork([product.job for product in each], [product.entry for product in each])
            for each in machine.lists
        ],
        world=machine.world,
        again=f"tests/rtl/test_top_lists.py: machine_of({name!r}, {kind!r})",
    )
    found = compare(case, run_model(case), outcomes[name, kind])
    assert found.agrees, found.differences
    assert found.phases == len(machine.products)


@each_case()
def test_counters_count_what_the_memories_saw(
    outcomes: dict[tuple[str, str], TopOutcome], name: str, kind: str
) -> None:
    found, (spec, wires) = outcomes[name, kind], MACHINES[name]
    phases = iter(found.phases)
    for ran, products in zip(found.lists, lists_of(name), strict=True):
        entries = [product.entry for product in products]
        weight_words = sum(entry.passes * entry.weights_words for entry in entries)
        assert ran.bus.list_cycles == ran.end_cycle - ran.start_cycle - 1
        assert ran.bus.weight_words == (weight_words,) * wires.weight_ports
        assert ran.bus.activation_words == sum(entry.activations_words for entry in entries)
        assert ran.bus.result_words == sum(entry.results_words for entry in entries)
        tilings = [spec.tiling(product.job.phase) for product in products]
        assert ran.array.busy == sum(tiling.busy_cycles for tiling in tilings)
        counts = ran.array
        in_phases = [next(phases) for _ in products]
        assert counts.cycles == sum(p.end_cycle - p.accept_cycle - 1 for p in in_phases)
        assert counts.cycles == (
            counts.busy + counts.drain
            + counts.wait_weights + counts.wait_activations + counts.wait_results
        )  # fmt: skip
        lanes = spec.peak_products * counts.busy
        assert counts.adds + counts.subtracts + counts.skips == lanes


@pytest.mark.parametrize("name", MACHINES)
def test_bursts_are_as_long_as_they_may_be(
    outcomes: dict[tuple[str, str], TopOutcome], name: str
) -> None:
    wires = MACHINES[name][1]
    found = outcomes[name, "random"]
    bursts = [*(burst for port in found.reads for burst in port), *found.writes]
    for burst in bursts:
        end = burst.address + burst.words * wires.word_bytes
        assert burst.address // 4096 == (end - 1) // 4096
    lengths = {burst.words for burst in bursts}
    assert max(lengths) == wires.burst_words
    assert any((burst.address + burst.words * wires.word_bytes) % 4096 == 0 for burst in bursts)


@each_case()
def test_the_memories_of_the_bench_keep_their_schedules(
    outcomes: dict[tuple[str, str], TopOutcome], name: str, kind: str
) -> None:
    """Worked out again from docs/top.md, from nothing but the cycles of the addresses."""
    found, world = outcomes[name, kind], world_of(kind, MACHINES[name][1].weight_ports)
    for port, memory in zip(found.reads, (*world.weights, world.activations), strict=True):
        word, cycle = 0, -1
        for index, burst in enumerate(port):
            due = burst.accept_cycle + nth(memory.latency, index)
            cycle = unrefreshed(memory, max(due, cycle + 1))
            assert burst.first_cycle == cycle
            for place in range(word + 1, word + burst.words):
                cycle = unrefreshed(memory, cycle + 1 + nth(memory.gap, place))
            assert burst.last_cycle == cycle
            word += burst.words
    results, word, response = world.results, 0, -1
    for index, burst in enumerate(found.writes):
        offered = burst.accept_cycle - nth(results.accept, index)
        for place in range(word, word + burst.words):
            cycle = unrefreshed(results, offered + nth(results.gap, place))
            assert place > word or burst.first_cycle == cycle
            offered = cycle + 1
        assert burst.last_cycle == cycle
        both = max(burst.accept_cycle, burst.last_cycle)
        response = max(both + nth(results.response, index), response + 1)
        assert burst.response_cycle == response
        word += burst.words


def nth(cycles: Cycles, index: int) -> int:
    return int(cycles[index % len(cycles)])


def unrefreshed(memory: ReadWorld | WriteWorld, cycle: int) -> int:
    """This cycle or the first after it without a refresh."""
    while memory.refresh_period and cycle % memory.refresh_period < memory.refresh_cycles:
        cycle += 1
    return cycle


def test_the_first_burst_comes_when_the_contract_says(
    outcomes: dict[tuple[str, str], TopOutcome],
) -> None:
    """Start in s; READ in s + 1, PUSH in s + 2; the job is taken in s + 3, asked for in s + 4."""
    for name in MACHINES:
        found = outcomes[name, "ideal"]
        start = found.lists[0].start_cycle
        for port in found.reads:
            assert (port[0].accept_cycle, port[0].first_cycle) == (start + 5, start + 6)


def test_an_error_response_is_kept_until_the_next_list(bench: Path, tmp_path: Path) -> None:
    """Each port in turn: its bit, no other; values are those of memory all the same."""
    machines = []
    for name, (_, wires) in MACHINES.items():
        port = {"smallest": 0, "one_burst": 1, "board": 3, "page_bursts": 2, "odd": 8}[name]
        machine = machine_of(name, "ideal")
        machines.append(replace(machine, world=replace(machine.world, errors={port: 0})))
        assert port <= wires.weight_ports + 1
    (ran,) = replay_lists([Round(machines, MOST_CYCLES)], bench, tmp_path)
    for machine, found in zip(machines, ran, strict=True):
        (port,) = machine.world.errors
        assert found.faults == ()
        assert [each.errors for each in found.lists] == [1 << port] + [0] * (len(found.lists) - 1)
        for phase, product in zip(found.phases, machine.products, strict=True):
            assert np.array_equal(phase.output, product.job.expected())


def wrong(product: Product, **fields: int) -> Product:
    return Product(product.job, replace(product.entry, **fields))


def test_the_bench_reports_a_list_that_is_wrong(bench: Path, tmp_path: Path) -> None:
    """A word too many of each kind: read beyond the image, waited for for ever, never written."""
    machines = [machine_of(name, "ideal") for name in MACHINES]
    smallest = machines[0]
    first = smallest.lists[0][0]
    for field in ("weights_words", "activations_words", "results_words"):
        more = wrong(first, **{field: getattr(first.entry, field) + 1})
        machines[0] = replace(smallest, lists=[[more]])
        found = run_alone(machines, bench, tmp_path / field)
        if field == "results_words":
            assert "0 of 1 lists ended" in found.faults
            assert "results: a word was never written" in found.faults
        else:
            port = field.removesuffix("_words").replace("weights", "weights_0")
            assert any(fault.startswith(f"{port}: a burst outside") for fault in found.faults)


def run_alone(machines: Sequence[Machine], bench: Path, work: Path) -> TopOutcome:
    """The first machine, with nothing to do for the others."""
    work.mkdir()
    idle = [replace(machine, lists=[]) for machine in machines[1:]]
    return replay_lists([Round([machines[0], *idle], 5000)], bench, work)[0][0]
