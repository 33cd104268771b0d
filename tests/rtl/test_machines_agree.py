"""Many machines in one simulator: Verilog, array model and numpy give the same."""

from __future__ import annotations

from dataclasses import fields
from functools import reduce
from operator import add
from pathlib import Path

import pytest

from bitsim.agreement.arrays.case import Case
from bitsim.agreement.arrays.compare import check
from bitsim.agreement.arrays.random import random_case
from bitsim.agreement.tally import Agreement
from bitsim.array.replay import replay as array_replay
from bitsim.spec.counts import ArrayCounts
from tests.cases.arrays import named_cases

SEED = 159  # of the first 400, one whose machines are small and wait for every stream
RANDOM_CASES = 26

NAMED = named_cases()
RANDOM = [random_case(SEED, index) for index in range(RANDOM_CASES)]


@pytest.fixture(scope="module")
def agreement(bench_work: Path) -> Agreement:
    """All of them in one binary: building it is what these tests cost."""
    return check([*RANDOM, *NAMED], bench_work)


@pytest.mark.parametrize("case", [*RANDOM, *NAMED], ids=lambda case: case.name)
def test_verilog_array_and_numpy_agree_in_every_value_cycle_and_counter(
    agreement: Agreement, case: Case
) -> None:
    failures = {failure.case: failure for failure in agreement.failures}
    failure = failures.get(case.name)
    assert failure is None, "\n".join([*failure.differences, failure.reproduction])


def test_every_case_was_compared(agreement: Agreement) -> None:
    cases = [*RANDOM, *NAMED]
    assert agreement.cases == len(cases)
    assert agreement.phases == sum(len(case.jobs) for case in cases)
    assert agreement.values == sum(job.expected().size for case in cases for job in case.jobs)
    assert (agreement.value_mismatches, agreement.cycle_mismatches) == (0, 0)
    assert (agreement.counter_mismatches, agreement.rule_faults) == (0, 0)


def test_the_random_cases_reach_every_kind_of_machine_and_wait() -> None:
    specs = {case.spec for case in RANDOM}
    assert len(specs) == RANDOM_CASES >= 25
    assert {spec.weight_packing for spec in specs} == {"2bit", "base3"}
    assert {1, 64} <= {spec.lanes for spec in specs}
    assert 1 in {spec.columns for spec in specs}
    assert {True, False} == {spec.hold > 1 for spec in specs} == {spec.slices > 1 for spec in specs}
    assert {0, 6} <= {case.spec.tree_stages for case in [*RANDOM, *NAMED]}
    assert 2 in {spec.weight_fifo_beats for spec in specs}
    phases = [(case.spec, job.phase) for case in RANDOM for job in case.jobs]
    assert any(phase.n % spec.columns for spec, phase in phases)
    assert any(phase.k % spec.lanes for spec, phase in phases)
    assert any(phase.m % (spec.slices * spec.hold) for spec, phase in phases)
    results = [
        result for case in RANDOM for result in array_replay(case.spec, case.jobs, case.schedules)
    ]
    counts = reduce(add, (result.counts for result in results))
    for field in fields(ArrayCounts):
        assert getattr(counts, field.name) > 0, field.name
    # No stream is decoration: each is waited for in a good part of all cycles.
    for cause in ("wait_weights", "wait_activations", "wait_results"):
        assert getattr(counts, cause) > counts.cycles // 40, (cause, counts)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(100, 125))
def test_forty_more_random_machines_agree(bench_work: Path, seed: int) -> None:
    found = check((random_case(seed, index) for index in range(40)), bench_work)
    assert found.failures == []
    assert found.cases == 40
