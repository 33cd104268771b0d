"""The worst cases of whole accelerators, by name: where one would be wrong first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from bitsim.agreement.arrays.random import random_activations, random_weights
from bitsim.agreement.lists.case import ListWork, TopCase
from bitsim.agreement.lists.memory_map import place_products
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.encoding import Packing
from bitsim.spec.link.axi4 import BOUNDARY_BYTES, Axi4BusSpec, BusLayout
from bitsim.trace.job import Job
from bitsim.trace.world import ReadWorld, World, WriteWorld, constant, ideal_world

SEED = 20261123  # of values that do not matter to a case

FREE = ReadWorld()
SLOW = ReadWorld(accept=constant(11), latency=constant(150), gap=constant(3))
BLOCKED = WriteWorld(accept=constant(30), gap=constant(9), response=constant(60))


def _array(columns: int, lanes: int, packing: Packing, slices: int = 1, hold: int = 1) -> DotSpec:
    """Every queue as small as it may be; K up to 9 beats."""
    return DotSpec(
        dataflow="dot",
        columns=columns,
        lanes=lanes,
        slices=slices,
        hold=hold,
        weight_packing=packing,
        tree_stages=min(1, (lanes - 1).bit_length()),
        accumulator_bits=20,
        max_k=9 * lanes,
        weight_fifo_beats=2,
        activation_buffer_beats=9 * hold,
        result_fifo_beats=2,
        skip="gate",
    )


def _bus(
    data_bits: Literal[32, 64, 128, 256, 512],
    weight_ports: int,
    burst_words: int,
    outstanding: int,
    fifo_words: int,
    list_entries: int,
) -> Axi4BusSpec:
    return Axi4BusSpec(
        kind="axi4",
        data_bits=data_bits,
        address_bits=40,
        weight_ports=weight_ports,
        burst_words=burst_words,
        outstanding=outstanding,
        read_fifo_words=fifo_words,
        write_fifo_words=fifo_words,
        list_entries=list_entries,
    )


# A port for each column, a beat of one word, FIFOs of one burst, one burst at a time.
TIGHT = BusLayout(_array(3, 4, "2bit"), _bus(32, 3, 4, 1, 4, 6))
# One column; each burst is 4096 bytes, so what begins elsewhere is cut at the first boundary.
ONE_COLUMN = BusLayout(_array(1, 3, "base3"), _bus(512, 1, 64, 16, 64, 2))
# Weights held through three groups, many words a beat, a burst and a half of FIFO.
HELD = BusLayout(_array(4, 10, "base3", slices=2, hold=3), _bus(32, 2, 16, 4, 24, 4))

MACHINES = {"tight": TIGHT, "one_column": ONE_COLUMN, "held": HELD}


def named_top_cases() -> list[TopCase]:
    """All of them, on three machines."""
    cases = []
    for machine, layout in MACHINES.items():
        array = layout.array
        shapes = [
            (2 * array.columns, array.max_k, 4 * array.slices * array.hold + 1),
            (1, 1, 1),
            (3 * array.columns + 1, array.lanes + 1, 2),
        ][: layout.bus.list_entries]
        lists = [_jobs(shapes[:2]), _jobs(shapes[1:])]
        for name, world in _worlds(layout.bus.weight_ports).items():
            cases.append(_case(f"{name}_{machine}", layout, lists, world))
        free = ideal_world(layout.bus.weight_ports)
        for words in (1, 2, layout.bus.burst_words - 1):
            address = BOUNDARY_BYTES - words * layout.bus.word_bytes
            name = f"first_bursts_end_{words}_words_behind_their_start_{machine}"
            cases.append(_case(name, layout, lists, free, address))
        whole = [_jobs([(1, 1, 1)] * layout.bus.list_entries)]
        cases.append(_case(f"list_memory_full_of_smallest_phases_{machine}", layout, whole, free))
    assert len({case.name for case in cases}) == len(cases)
    return cases


def _worlds(ports: int) -> dict[str, World]:
    free = ideal_world(ports)
    late = World((SLOW, *free.weights[1:]), FREE, WriteWorld())
    # Periods that divide neither each other nor a burst.
    hits = [replace(FREE, refresh_period=period, refresh_cycles=period - 1) for period in (2, 5)]
    rare = WriteWorld(refresh_period=7, refresh_cycles=6)
    return {
        "ideal": free,
        "weights_slow": World((SLOW,) * ports, FREE, WriteWorld()),
        "one_port_slow": late,
        "activations_slow": World(free.weights, SLOW, WriteWorld()),
        "results_blocked": World(free.weights, FREE, BLOCKED),
        "everything_slow": World((SLOW,) * ports, SLOW, BLOCKED),
        "refresh_nearly_always": World((hits[0],) * ports, hits[1], rare),
        "response_long_behind": World(free.weights, FREE, WriteWorld(response=constant(300))),
        "address_long_behind_its_words": World(
            free.weights, FREE, WriteWorld(accept=np.array([90, 0, 7], np.int64))
        ),
    }


def _jobs(shapes: Sequence[tuple[int, int, int]]) -> list[Job]:
    rng = np.random.default_rng(SEED)
    return [
        Job(f"phase_{index}", random_weights(rng, n, k), random_activations(rng, m, k))
        for index, (n, k, m) in enumerate(shapes)
    ]


def _case(
    name: str,
    layout: BusLayout,
    lists: Sequence[Sequence[Job]],
    world: World,
    address: int = 0,
) -> TopCase:
    entries = place_products(layout, [job for jobs in lists for job in jobs], address, 1)
    works = []
    for jobs in lists:
        works.append(ListWork(jobs, entries[: len(jobs)]))
        entries = entries[len(jobs) :]
    return TopCase(name, layout, works, world, f"tests.cases.lists, {name!r}")
