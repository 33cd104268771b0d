"""Whole accelerators in one simulator: Verilog, cycle model and numpy give the same."""

from __future__ import annotations

from dataclasses import fields
from functools import reduce
from operator import add
from pathlib import Path

import pytest

from bitsim.agreement.lists.case import TopCase
from bitsim.agreement.lists.compare import check_tops, run_model
from bitsim.agreement.lists.random import CASES_PER_MACHINE, random_top_case
from bitsim.agreement.lists.result_form import expected_results
from bitsim.agreement.tally import Agreement
from bitsim.spec.counts import ArrayCounts
from tests.cases.lists import named_top_cases
from tests.cases.result_forms import MACHINES, named_form_cases

SEED = 58  # of the first 400, one whose machines are small and wait for every stream
RANDOM_CASES = 28

# Comparing sixteen sums in a word with their thresholds takes long to build; `full` does that.
FORMS = [case for case in named_form_cases() if case.layout != MACHINES["wide"]]
NAMED = [*named_top_cases(), *FORMS]
RANDOM = [random_top_case(SEED, index) for index in range(RANDOM_CASES)]


@pytest.fixture(scope="module")
def agreement(bench_work: Path) -> Agreement:
    """All of them in one binary: building it is what these tests cost."""
    return check_tops([*RANDOM, *NAMED], bench_work)


@pytest.mark.parametrize("case", [*RANDOM, *NAMED], ids=lambda case: case.name)
def test_verilog_model_and_numpy_agree_in_every_value_burst_cycle_and_counter(
    agreement: Agreement, case: TopCase
) -> None:
    failures = {failure.case: failure for failure in agreement.failures}
    failure = failures.get(case.name)
    assert failure is None, "\n".join([*failure.differences, failure.reproduction])


def test_every_case_was_compared(agreement: Agreement) -> None:
    cases = [*RANDOM, *NAMED]
    assert agreement.cases == len(cases)
    assert agreement.phases == sum(len(case.jobs) for case in cases)
    assert agreement.values == sum(map(values_of, cases))
    assert (agreement.value_mismatches, agreement.cycle_mismatches) == (0, 0)
    assert (agreement.counter_mismatches, agreement.rule_faults) == (0, 0)


def values_of(case: TopCase) -> int:
    columns = case.layout.array.columns
    expected = [
        each
        for work in case.lists
        for job, entry in zip(work.jobs, work.entries, strict=True)
        for each in expected_results(job, entry, columns)
    ]
    return sum(each.size for each in expected if each is not None)


def test_the_random_cases_reach_every_kind_of_accelerator_and_wait() -> None:
    layouts = {case.layout for case in RANDOM}
    assert len(layouts) == RANDOM_CASES // CASES_PER_MACHINE
    assert {1} < {layout.bus.weight_ports for layout in layouts}
    assert len({layout.bus.data_bits for layout in layouts}) >= 3
    assert {1} < {layout.step_words for layout in layouts}
    assert {1} < {layout.bus.outstanding for layout in layouts}
    assert any(entry.passes > 1 for case in RANDOM for each in case.lists for entry in each.entries)
    entries = [entry for case in RANDOM for each in case.lists for entry in each.entries]
    assert len({entry.digits for entry in entries}) >= 4
    assert any(entry.codes for entry in entries)
    results = [result for case in RANDOM for result in run_model(case)]
    counts = reduce(add, (result.counts for result in results))
    for field in fields(ArrayCounts):
        assert getattr(counts, field.name) > 0, field.name
    for cause in ("wait_weights", "wait_activations", "wait_results"):
        assert getattr(counts, cause) > counts.cycles // 40, (cause, counts)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(200, 225))
def test_forty_more_random_accelerators_agree(bench_work: Path, seed: int) -> None:
    found = check_tops((random_top_case(seed, index) for index in range(40)), bench_work)
    assert found.failures == []
    assert found.cases == 40


@pytest.mark.full
def test_codes_of_sixteen_sums_in_a_word_agree(bench_work: Path) -> None:
    cases = [case for case in named_form_cases() if case.layout == MACHINES["wide"]]
    found = check_tops(cases, bench_work)
    assert found.failures == []
    assert found.cycles > 80_000
