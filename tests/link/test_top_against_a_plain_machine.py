"""The accelerator's cycle model against one that moves every word: every value, cycle, counter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from bitsim.agreement.lists.case import ListWork, TopCase
from bitsim.agreement.lists.compare import run_model
from bitsim.agreement.lists.random import has_results, random_top_case
from bitsim.agreement.lists.result_form import expected_results
from bitsim.errors import BitsimError
from bitsim.link.model import Link, simulate_list
from bitsim.link.result import Bursts, ListResult
from bitsim.spec.link.axi4 import BOUNDARY_BYTES, BusLayout, ResultsSpec
from bitsim.trace.world import ReadWorld, World, WriteWorld
from tests.cases.lists import named_top_cases
from tests.cases.result_forms import named_form_cases
from tests.link.plain_memory import images, output_of
from tests.link.plain_top import PlainTop

SEED = 7
CASES = 40
STAGED = [index for index in range(CASES, 110) if has_results(index)]  # more with a stage
BURST_FIELDS = tuple(Bursts.__dataclass_fields__)


def assert_same(case: TopCase, work: ListWork, result: ListResult, plain: PlainTop) -> None:
    for job, entry, phase, its in zip(
        work.jobs, work.entries, result.phases, plain.array.log, strict=True
    ):
        assert (phase.accept_cycle, phase.end_cycle) == (its["accept_cycle"], its["end_cycle"])
        for counter, count in its["counts"].items():
            assert getattr(phase.counts, counter) == count, counter
        assert phase.counts.cycles == phase.end_cycle - phase.accept_cycle - 1
        size = entry.results_words * case.layout.bus.word_bytes
        stored = np.frombuffer(plain.store.read(entry.results_address, size), np.uint8)
        assert np.array_equal(phase.stored, stored)
        output, largest = expected_results(job, entry, case.layout.array.columns)
        assert np.array_equal(phase.output, output)
        if largest is None:
            rows = output_of(case.layout, job, entry, stored)
            assert np.array_equal(rows, output)
        else:
            assert np.array_equal(phase.largest, largest)
            codes, magnitudes = case.layout.result_codes(stored, job.phase)
            assert np.array_equal(codes, output)
            assert np.array_equal(magnitudes, largest)
    assert (result.end_cycle, result.list_cycles) == (plain.t, plain.list_cycles)
    assert result.weight_words == tuple(port.words for port in plain.weights)
    assert result.activation_words == plain.activations.words
    assert result.result_words == plain.results.words
    answers = [port.answers for port in (*plain.weights, plain.activations, plain.results)]
    assert result.errors == sum(each.error << port for port, each in enumerate(answers))
    ports = [*plain.weights, plain.activations, plain.results]
    logs = [*result.weight_bursts, result.activation_bursts, result.result_bursts]
    for port, log in zip(ports, logs, strict=True):
        for field in BURST_FIELDS:
            assert getattr(log, field).tolist() == [burst[field] for burst in port.log], field


@pytest.mark.parametrize("index", range(CASES))
def test_every_word_cycle_and_counter_is_that_of_the_plain_machine(index: int) -> None:
    assert_runs_alike(random_top_case(SEED, index), [True, False], 11, index % 5)


@pytest.mark.parametrize("index", STAGED)
def test_with_a_result_stage_as_well(index: int) -> None:
    assert_runs_alike(random_top_case(SEED, index), [index % 3 > 0], 11, index % 5)


def test_the_random_cases_with_a_result_stage_have_its_forms_and_ties() -> None:
    forms, tied = Counter(), 0
    for index in STAGED:
        case = random_top_case(SEED, index)
        for work in case.lists:
            for job, entry in zip(work.jobs, work.entries, strict=True):
                forms[entry.digits, entry.codes] += 1
                sums = job.expected()
                largest = np.abs(sums).max(axis=1, keepdims=True)
                halves = 254 * np.abs(sums) % np.maximum(2 * largest, 1) == largest
                tied += int((halves & (largest > 0)).sum()) * entry.codes
    assert len({digits for digits, _ in forms}) >= 4
    assert forms[1, 1] > len(STAGED) // 2
    assert tied > 30


@pytest.mark.parametrize("case", named_form_cases(), ids=lambda case: case.name)
def test_the_worst_cases_of_the_result_stage(case: TopCase) -> None:
    assert_runs_alike(case, [True], 0, 0)


def assert_runs_alike(
    case: TopCase, leaps: Sequence[bool], pause_cycles: int, first_cycle: int
) -> None:
    """leaps  for each simulation to be compared, whether it passes over cycles without change"""
    tops = [Link(case.layout, case.world, leap) for leap in leaps]
    plain = PlainTop(case.layout, case.world, images(case))
    for pause, work in enumerate(case.lists):
        start = tops[0].cycle + pause_cycles * pause + first_cycle
        plain.run(work.entries, start)
        for top in tops:
            assert_same(case, work, top.run(work.entries, start, work.jobs), plain)


def test_the_cases_have_weight_ports_that_are_alike_and_ports_that_are_not() -> None:
    kinds = set()
    for index in range(CASES):
        case = random_top_case(SEED, index)
        if case.layout.bus.weight_ports > 1:
            strides = [entry.weights_stride for each in case.lists for entry in each.entries]
            in_step = all(stride % BOUNDARY_BYTES == 0 for stride in strides)
            kinds.add((in_step, len(set(case.world.weights)) == 1))
    assert kinds == {(False, False), (False, True), (True, False), (True, True)}


def test_ports_that_fall_out_of_step_in_a_later_list_stay_out_of_it() -> None:
    """One word of stride more in the second list; then in step again, with other delays ahead."""
    case = named("ideal_held")
    memory = ReadWorld(latency=np.array([1, 9, 2, 30], np.int64), gap=np.array([0, 0, 3], np.int64))
    world = World((memory,) * 2, ReadWorld(), WriteWorld())
    job = case.lists[0].jobs[0]
    page, word = BOUNDARY_BYTES, case.layout.bus.word_bytes
    works = [
        ListWork([job], [case.layout.entry(job.phase, at, stride, at + 8 * page, at + 12 * page)])
        for at, stride in ((0, page), (20 * page - 5 * word, page + word), (40 * page, page))
    ]
    case = TopCase("out of step", case.layout, works, world, "")
    top, plain = Link(case.layout, world), PlainTop(case.layout, world, images(case))
    for work in works:
        start = top.cycle
        plain.run(work.entries, start)
        assert_same(case, work, top.run(work.entries, start, work.jobs), plain)


def test_without_a_log_everything_else_is_the_same() -> None:
    case = named("everything_slow_tight")
    (first, _), world = case.lists, case.world
    logged = Link(case.layout, world).run(first.entries, 5, first.jobs)
    bare = Link(case.layout, world).run(first.entries, 5, log=False)
    assert (bare.weight_bursts, bare.activation_bursts, bare.result_bursts) == (None, None, None)
    assert (bare.end_cycle, bare.result_words) == (logged.end_cycle, logged.result_words)
    assert [(each.accept_cycle, each.end_cycle) for each in bare.phases] == [
        (each.accept_cycle, each.end_cycle) for each in logged.phases
    ]
    assert all(each.output is None for each in bare.phases)


@pytest.mark.parametrize("results", [None, ResultsSpec(digits=1, code_beats=0)])
def test_what_an_accelerator_cannot_do_with_results_is_ignored(results: ResultsSpec | None) -> None:
    case = named("ideal_tight")
    bus = case.layout.bus.model_copy(update={"results": results})
    layout, work = BusLayout(case.layout.array, bus), case.lists[0]
    ours, theirs = (
        simulate_list(layout, entries, case.world, work.jobs)
        for entries in (
            work.entries,
            [replace(entry, digits=place, codes=1) for place, entry in enumerate(work.entries)],
        )
    )
    assert ours.end_cycle == theirs.end_cycle
    for one, other in zip(ours.phases, theirs.phases, strict=True):
        assert np.array_equal(one.stored, other.stored)


def test_a_list_that_is_longer_than_its_memory_is_refused() -> None:
    case = named("list_memory_full_of_smallest_phases_one_column")
    entries = list(case.lists[0].entries)
    with pytest.raises(BitsimError, match=r"a list of 3 phases; bus.list_entries = 2: raise it"):
        simulate_list(case.layout, [*entries, entries[0]], case.world)


def named(name: str) -> TopCase:
    return next(case for case in named_top_cases() if case.name == name)


def test_the_cases_have_errors_at_every_kind_of_port_and_in_later_lists() -> None:
    seen = set()
    for index in range(CASES):
        case = random_top_case(SEED, index)
        ports = case.layout.bus.weight_ports
        for place, result in enumerate(run_model(case)):
            weights, others = result.errors % (1 << ports), result.errors >> ports
            bits = (weights > 0, others & 1, others >> 1)
            seen |= {(place, kind) for kind, bit in enumerate(bits) if bit}
    assert {kind for place, kind in seen if place == 0} == {0, 1, 2}
    assert any(place == 1 for place, _ in seen)


def test_an_event_that_was_missed_ends_the_simulation_instead_of_being_waited_for() -> None:
    case = named("ideal_held")
    top = Link(case.layout, case.world)
    top._reads["accept_cycle"] = -5  # as if an address had been offered before reset
    with pytest.raises(AssertionError, match="nothing will ever happen again"):
        top.run(case.lists[0].entries, 3, case.lists[0].jobs)
