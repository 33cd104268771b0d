"""The worst cases of the result stage, by name: where one would be wrong first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from bitsim.agreement.arrays.random import random_activations, random_weights
from bitsim.agreement.lists.case import ListWork, TopCase
from bitsim.agreement.lists.forms import job_of_codes
from bitsim.agreement.lists.memory_map import place_products
from bitsim.agreement.lists.result_form import CODES, SUMS, ResultForm
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.encoding import Packing
from bitsim.spec.link.axi4 import Axi4BusSpec, BusLayout, ResultsSpec
from bitsim.trace.job import Job
from bitsim.trace.world import ReadWorld, World, WriteWorld, constant, ideal_world

SEED = 20261122  # of values that do not matter to a case

LIST_ENTRIES = 8
SLOW = ReadWorld(accept=constant(11), latency=constant(150), gap=constant(3))
BLOCKED = WriteWorld(accept=constant(30), gap=constant(9), response=constant(60))

SIX_DIGITS = ResultForm(digits=6)


def _machine(
    columns: int,
    lanes: int,
    hold: int,
    packing: Packing,
    data_bits: Literal[32, 64, 128, 256, 512],
    burst_words: int,
    code_beats: int,
) -> BusLayout:
    """One port, FIFOs of one burst."""
    array = DotSpec(
        dataflow="dot",
        columns=columns,
        lanes=lanes,
        slices=1,
        hold=hold,
        weight_packing=packing,
        tree_stages=0,
        accumulator_bits=16,
        max_k=9 * lanes,
        weight_fifo_beats=2,
        activation_buffer_beats=9 * hold,
        result_fifo_beats=2,
        skip="gate",
    )
    bus = Axi4BusSpec(
        kind="axi4",
        data_bits=data_bits,
        address_bits=40,
        weight_ports=1,
        burst_words=burst_words,
        outstanding=2,
        read_fifo_words=max(2, burst_words),
        write_fifo_words=max(2, burst_words),
        list_entries=LIST_ENTRIES,
        results=ResultsSpec(digits=6, code_beats=code_beats),
    )
    return BusLayout(array, bus)


MACHINES = {
    # A beat is one word of one place: six digits of it meet in the same place in every cycle.
    "one_place": _machine(1, 4, 1, "2bit", 32, 2, 12),
    # Several words a beat; blocks of three vectors, the last one of fewer.
    "words": _machine(5, 3, 3, "base3", 64, 4, 9),
    # Sixteen sums in a word, and more held than a phase has.
    "wide": _machine(17, 2, 7, "2bit", 512, 1, 8),
}


def named_form_cases() -> list[TopCase]:
    """All of them, on three machines."""
    cases = []
    for name, layout in MACHINES.items():
        free = ideal_world(1)
        blocked = World(free.weights, free.activations, BLOCKED)
        worlds = {
            "free": free,
            "blocked": blocked,
            "weights_slow": World((SLOW,), free.activations, WriteWorld()),
        }
        for world_name, world in worlds.items():
            lists = [_every_form(layout), _every_form(layout)[::-1]]
            cases.append(_case(f"every_form_{world_name}_{name}", layout, lists, world))
        for form in (CODES, SIX_DIGITS, SUMS):
            lists = [[(_one_beat_job(layout, form), form)] * LIST_ENTRIES]
            title = f"a_full_list_of_one_k_beat_{_title(form)}_{name}"
            cases.append(_case(title, layout, lists, free))
        cases += [
            _case(f"largest_block_of_codes_{name}", layout, [[(_largest(layout), CODES)]], free),
            _case(f"vectors_of_zeros_{name}", layout, [[(_zeros(layout), CODES)]], blocked),
        ]
    assert len({case.name for case in cases}) == len(cases)
    return cases


def _title(form: ResultForm) -> str:
    return "codes" if form.codes else f"{form.digits}_digits"


def _every_form(layout: BusLayout) -> list[tuple[Job, ResultForm]]:
    """Each number of digits, codes between them; groups of a ragged last block, then of one."""
    array, rng = layout.array, np.random.default_rng(SEED)
    work = []
    for place, digits in enumerate((2, 1, 5, 3)):
        m = array.hold + 1 if place % 2 else 1
        n = (1 + place % 2) * digits * array.columns
        work.append((_job(rng, f"digits_{digits}", n, array.max_k, m), ResultForm(digits)))
        if place < 3:
            rows = min(2 * array.columns + 1, _most_rows(layout, m))
            work.append((job_of_codes(rng, f"codes_{place}", rows, array.max_k, m), CODES))
    return work


def _one_beat_job(layout: BusLayout, form: ResultForm) -> Job:
    """A result in every cycle."""
    array, rng = layout.array, np.random.default_rng(SEED)
    m = array.hold
    rows = _most_rows(layout, m) if form.codes else 2 * form.digits * array.columns
    return _job(rng, "one_beat", rows, array.lanes, m)


def _largest(layout: BusLayout) -> Job:
    """As many rows as a block may have, and sums as far from 0 as they get."""
    array = layout.array
    rows = _most_rows(layout, array.hold)
    weights = np.ones((rows, array.max_k), np.int8)
    weights[1::2] = -1
    activations = np.full((array.hold + 1, array.max_k), -128, np.int8)
    return Job("largest", weights, activations)


def _zeros(layout: BusLayout) -> Job:
    array, rng = layout.array, np.random.default_rng(SEED)
    job = _job(rng, "zeros", 1, array.lanes, array.hold)
    return Job(job.name, job.weights, np.zeros_like(job.activations))


def _most_rows(layout: BusLayout, m: int) -> int:
    """Of codes of `m` vectors, by the room for a block."""
    assert layout.bus.results is not None
    vectors = min(layout.array.hold, m)
    return layout.array.columns * (layout.bus.results.code_beats // vectors)


def _job(rng: np.random.Generator, name: str, n: int, k: int, m: int) -> Job:
    return Job(name, random_weights(rng, n, k), random_activations(rng, m, k))


def _case(
    name: str,
    layout: BusLayout,
    lists: Sequence[Sequence[tuple[Job, ResultForm]]],
    world: World,
) -> TopCase:
    jobs = [job for each in lists for job, _ in each]
    forms = [form for each in lists for _, form in each]
    entries = place_products(layout, jobs, 0, 1, forms)
    works = []
    for each in lists:
        works.append(ListWork(jobs[: len(each)], entries[: len(each)]))
        jobs, entries = jobs[len(each) :], entries[len(each) :]
    return TopCase(name, layout, works, world, f"tests.cases.result_forms, {name!r}")
