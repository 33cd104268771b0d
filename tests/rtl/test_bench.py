"""The bench itself: it notices what is wrong, gives up, and builds nothing twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bitsim.agreement.arrays.arrivals import ideal_schedules
from bitsim.agreement.arrays.case import Case
from bitsim.agreement.arrays.compare import compare
from bitsim.array.replay import replay as array_replay
from bitsim.spec.counts import ArrayCounts
from bitsim.trace.job import Job, Schedules
from bitsim.verilated import verilator
from bitsim.verilated.arrays.replay import (
    Machine,
    Outcome,
    PhaseOutcome,
    Round,
    build_bench,
    replay,
)
from bitsim.verilated.bench import TOP
from tests.cases.arrays import ONE_BEAT

JOBS = [
    Job("first", np.full((3, 8), -1, np.int8), np.full((2, 8), 5, np.int8)),
    Job("second", np.full((1, 2), 1, np.int8), np.full((1, 2), 7, np.int8)),
]
IDEAL = ideal_schedules(ONE_BEAT, JOBS)


@pytest.fixture(scope="module")
def bench(bench_work: Path) -> Path:
    return build_bench([ONE_BEAT], bench_work, "-O0")


def run(bench: Path, work: Path, schedules: Schedules) -> Outcome:
    work.mkdir()
    machine = Machine(ONE_BEAT, JOBS, schedules)
    return replay([Round([machine], most_cycles=500)], bench, work)[0][0]


def test_two_phases_take_the_cycles_worked_out_by_hand(bench: Path, tmp_path: Path) -> None:
    """T = 3, two result places, one place for activations; N = 3 on two columns, M = 2.

    Cycle 0: everything is offered, the phase is accepted. 1, 2: both row tiles of the first vector
    are issued; the second frees the only activation place. 3: the second vector is written, so
    the array waits for activations. 4 to 8: both result places are taken; the result of cycle 1 is
    offered and taken in 1 + 4 + T = 8. 9, 10: the last two steps. 11 to 17: drain; the last result
    goes in 10 + 4 + T. In 18 the next phase is accepted: one step, then drain.
    """
    first, second = run(bench, tmp_path / "work", IDEAL).phases
    assert (first.first_cycle, first.end_cycle) == (1, 18)
    assert first.counts == ArrayCounts(
        cycles=17,
        busy=4,
        wait_activations=1,
        wait_results=5,
        drain=7,
        subtracts=2 * 3 * 8,
        skips=2 * 1 * 8,  # the row that pads the second tile
    )
    assert (second.first_cycle, second.end_cycle) == (19, 27)
    assert second.counts == ArrayCounts(cycles=8, busy=1, drain=7, adds=2, skips=14)
    assert np.array_equal(first.output, np.full((2, 3), -40))
    assert np.array_equal(second.output, [[14]])


@pytest.mark.parametrize("stream", ["weights", "activations", "results"])
def test_a_stream_that_stops_is_reported_and_ends_the_run(
    bench: Path, tmp_path: Path, stream: str
) -> None:
    never = getattr(IDEAL, stream).copy()
    never[..., -1] = 1 << 40
    outcome = run(bench, tmp_path / "work", replace(IDEAL, **{stream: never}))
    assert outcome.phases == ()
    assert "1 of 2 phases ended" in outcome.faults


def test_beats_that_belong_to_no_phase_are_reported(bench: Path, tmp_path: Path) -> None:
    # The last phase is never offered, so its beats stay outside once the buffers are full.
    late = IDEAL.phases.copy()
    late[-1] = 1 << 40
    outcome = run(bench, tmp_path / "work", replace(IDEAL, phases=late))
    assert "an input beat was never taken" in outcome.faults


@pytest.mark.parametrize("cycles", [3, 9, 14])
def test_a_reset_in_the_middle_of_a_phase_forgets_all_of_it(
    bench: Path, tmp_path: Path, cycles: int
) -> None:
    alone = run(bench, tmp_path / "alone", IDEAL)
    machine = Machine(ONE_BEAT, JOBS, IDEAL)
    cut_short = [Round([machine], most_cycles=cycles), Round([machine], most_cycles=500)]
    (before,), (after,) = replay(cut_short, bench, tmp_path)
    assert before.phases == ()
    assert after.faults == ()
    for found, expected in zip(after.phases, alone.phases, strict=True):
        assert (found.first_cycle, found.end_cycle) == (expected.first_cycle, expected.end_cycle)
        assert found.counts == expected.counts
        assert np.array_equal(found.output, expected.output)


def test_the_same_machines_are_built_once(bench: Path, bench_work: Path) -> None:
    before = (bench / "bench_top").stat().st_mtime_ns
    assert build_bench([ONE_BEAT], bench_work, "-O0") == bench
    assert (bench / "bench_top").stat().st_mtime_ns == before


def test_the_same_sources_are_built_once_whatever_they_were_made_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = []

    def pretend(made: Path, *_: object) -> None:
        compiled.append(made)
        (made / TOP).write_text("")

    monkeypatch.setattr(verilator, "_run", lambda *_: None)
    monkeypatch.setattr(verilator, "_compile", pretend)
    made_from = {"one": "module a;", "another": "module a;", "a third": "module b;"}
    folders = [
        verilator.build([inputs], lambda text=text: {"a.v": text}, [], tmp_path, "-O0")
        for inputs, text in made_from.items()
    ]
    assert folders[0] == folders[1] != folders[2]
    assert len(compiled) == 2
    verilator.build(["another"], lambda: pytest.fail("made again"), [], tmp_path, "-O0")


def agreeing() -> tuple[Case, list[PhaseOutcome]]:
    case = Case("made_up", ONE_BEAT, JOBS, IDEAL, "")
    phases = [
        PhaseOutcome(each.first_cycle, each.end_cycle, each.counts, each.output)
        for each in array_replay(ONE_BEAT, JOBS, IDEAL)
        if each.output is not None
    ]
    return case, phases


def test_one_wrong_value_cycle_or_counter_is_a_failure() -> None:
    case, phases = agreeing()
    model = array_replay(case.spec, case.jobs, case.schedules)
    assert compare(case, model, Outcome(tuple(phases), ())).agrees
    wrong = phases[0].output.copy()
    wrong[1, 2] += 1
    counts = replace(phases[0].counts, wait_results=phases[0].counts.wait_results + 1)
    for change, field in (
        ({"output": wrong}, "value_mismatches"),
        ({"end_cycle": phases[0].end_cycle + 1}, "cycle_mismatches"),
        ({"first_cycle": phases[0].first_cycle - 1}, "cycle_mismatches"),
        ({"counts": counts}, "counter_mismatches"),
    ):
        found = compare(case, model, Outcome((replace(phases[0], **change), phases[1]), ()))
        assert not found.agrees
        assert getattr(found, field) == 1
        assert len(found.differences) == 1


def test_a_broken_stream_rule_is_a_failure() -> None:
    case, phases = agreeing()
    model = array_replay(case.spec, case.jobs, case.schedules)
    found = compare(case, model, Outcome(tuple(phases), ("a result beat changed",)))
    assert (found.agrees, found.rule_faults) == (False, 1)
