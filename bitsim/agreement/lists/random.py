"""Random accelerators with random lists and memory, each a function of its seed and index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from bitsim.agreement.arrays.draw import log_uniform
from bitsim.agreement.arrays.random import taking_turns
from bitsim.agreement.lists.case import ListWork, TopCase
from bitsim.agreement.lists.forms import random_work, with_results
from bitsim.agreement.lists.memory_map import place_products
from bitsim.spec.array.array import ArraySpec
from bitsim.spec.link.axi4 import BOUNDARY_BYTES, Axi4BusSpec, BusLayout, ListEntry
from bitsim.spec.registry import home
from bitsim.trace.world import ReadWorld, World, WriteWorld
from bitsim.units import Cycles, ceil_div

WIDTHS: tuple[Literal[32, 64, 128, 256, 512], ...] = (
    32,
    32,
    32,
    64,
    64,
    128,
    256,
    512,
)  # narrow ones take several words a beat
CASES_PER_MACHINE = 4
MOST_PORTS = 8
MOST_BURST_WORDS = 32
MOST_PHASES = 4


def random_top_case(seed: int, index: int) -> TopCase:
    """Case `index` of a seed: any kind of small accelerator, one or two lists of a few phases.

    Building the simulator of a machine takes long, so a few cases in a row share a machine.
    """
    machine = index // CASES_PER_MACHINE
    layout = random_layout(np.random.default_rng([seed, machine, 0]), machine)
    if has_results(index):
        layout = with_results(np.random.default_rng([seed, machine, 2]), layout)
    rng = np.random.default_rng([seed, index, 1])
    lists = 2 if index % 4 == 3 else 1
    counts = rng.integers(1, min(MOST_PHASES, layout.bus.list_entries) + 1, lists)
    work = [random_work(rng, layout, f"phase_{i}") for i in range(counts.sum())]
    jobs, forms = [job for job, _ in work], [form for _, form in work]
    words = BOUNDARY_BYTES // layout.bus.word_bytes
    address = int(rng.integers(0, words)) * layout.bus.word_bytes
    entries = place_products(layout, jobs, address, int(rng.choice([0, 1, 3, words])), forms)
    world = random_world(rng, layout.bus.weight_ports)
    if rng.random() < 0.5:
        entries = _in_step(layout, entries)
    ends = np.cumsum(counts)
    return TopCase(
        name=f"top_{seed}_{index}",
        layout=layout,
        lists=[
            ListWork(jobs[end - count : end], entries[end - count : end])
            for count, end in zip(counts, ends, strict=True)
        ],
        world=world,
        again=f"bitsim.agreement.lists.random.random_top_case(seed={seed}, index={index})",
    )


def has_results(index: int) -> bool:
    """Every fourth machine has a result stage."""
    return index // CASES_PER_MACHINE % 4 == 3


def _in_step(layout: BusLayout, entries: Sequence[ListEntry]) -> list[ListEntry]:
    """The entries moved so that all weight ports meet the boundaries at the same time."""
    word_bytes, address = layout.bus.word_bytes, entries[0].weights_address
    moved = []
    for entry in entries:
        stride = ceil_div(entry.weights_words * word_bytes, BOUNDARY_BYTES) * BOUNDARY_BYTES
        activations = address + layout.bus.weight_ports * stride
        results = activations + entry.activations_words * word_bytes
        moved.append(
            replace(
                entry,
                weights_address=address,
                weights_stride=stride,
                activations_address=activations,
                results_address=results,
            )
        )
        address = results + entry.results_words * word_bytes
    return moved


def random_layout(rng: np.random.Generator, index: int) -> BusLayout:
    """Every parameter of array and bus drawn, small ones more often; the dataflows take turns."""
    dataflow, turn = taking_turns(index)
    array: ArraySpec = home(dataflow.random_narrow)(rng, turn)
    ports = [p for p in range(1, MOST_PORTS + 1) if array.feeds % p == 0]
    data_bits = WIDTHS[int(rng.integers(len(WIDTHS)))]
    most_burst = min(MOST_BURST_WORDS, BOUNDARY_BYTES * 8 // data_bits)
    burst_words = log_uniform(rng, 1, most_burst)
    bus = Axi4BusSpec(
        kind="axi4",
        data_bits=data_bits,
        address_bits=int(rng.integers(32, 65)),
        weight_ports=int(rng.choice(ports)),
        burst_words=burst_words,
        outstanding=log_uniform(rng, 1, 16),
        read_fifo_words=max(2, burst_words * log_uniform(rng, 1, 4) + int(rng.integers(0, 4))),
        write_fifo_words=max(2, burst_words * log_uniform(rng, 1, 3) + int(rng.integers(0, 4))),
        list_entries=log_uniform(rng, 2, 8),
    )
    return BusLayout(array, bus)


def random_world(rng: np.random.Generator, weight_ports: int) -> World:
    """Half of the time every port behaves in its own way, half of the time one kind is slow.

    Any port may get one error response.
    """
    slow = rng.choice(["every", "every", "every", "weights", "activations", "results"])
    free, refresh = ReadWorld(), _random_refresh(rng)
    weights = [_random_read(rng) for _ in range(weight_ports)]
    if rng.random() < 0.5:
        weights = weights[:1] * weight_ports
    results = WriteWorld(
        accept=_random_delays(rng, 20),
        gap=_random_delays(rng, 12),
        response=1 + _random_delays(rng, 80),
        refresh_period=refresh[0],
        refresh_cycles=refresh[1],
    )
    ports = range(weight_ports + 2)
    errors = {port: log_uniform(rng, 1, 400) - 1 for port in ports if rng.random() < 0.3}
    return World(
        weights=tuple(weights) if slow in ("every", "weights") else (free,) * weight_ports,
        activations=_random_read(rng) if slow in ("every", "activations") else free,
        results=results if slow in ("every", "results") else WriteWorld(),
        errors=errors,
    )


def _random_read(rng: np.random.Generator) -> ReadWorld:
    refresh_period, refresh_cycles = _random_refresh(rng)
    return ReadWorld(
        accept=_random_delays(rng, 20),
        latency=1 + _random_delays(rng, 60),
        gap=_random_delays(rng, 3),
        refresh_period=refresh_period,
        refresh_cycles=refresh_cycles,
    )


def _random_delays(rng: np.random.Generator, most_cycles: int) -> Cycles:
    """None, always the same, any, or rarely a long one."""
    size = int(rng.integers(1, 24))
    match rng.choice(["none", "none", "same", "any", "rare"]):
        case "none":
            return np.zeros(1, np.int64)
        case "same":
            return np.full(1, rng.integers(0, most_cycles + 1), np.int64)
        case "any":
            return rng.integers(0, most_cycles + 1, size).astype(np.int64)
        case _:
            rare = rng.random(size) < 0.15
            return (rare * rng.integers(1, 3 * most_cycles + 1, size)).astype(np.int64)


def _random_refresh(rng: np.random.Generator) -> tuple[int, int]:
    """None, as DRAM does, or one that is nearly always there."""
    match rng.choice(["none", "none", "dram", "always"]):
        case "none":
            return 0, 0
        case "dram":
            period = int(rng.integers(50, 200))
            return period, int(rng.integers(1, period // 3))
        case _:
            period = int(rng.integers(2, 9))
            return period, period - 1
