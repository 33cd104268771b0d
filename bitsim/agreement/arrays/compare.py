"""Array model, Verilog and numpy on the same cases: every value, every cycle, every counter."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from bitsim.agreement.arrays.case import Case, reproduction
from bitsim.agreement.benches import benches, rounds
from bitsim.array.protocol import PhaseResult
from bitsim.array.replay import replay as array_replay
from bitsim.spec.array.array import ArraySpec
from bitsim.spec.counts import ArrayCounts
from bitsim.trace.job import Job, Schedules
from bitsim.verilated.arrays.replay import Machine, Outcome, PhaseOutcome, Round, build_bench
from bitsim.verilated.arrays.replay import replay as verilog_replay

MORE_CYCLES = 1000  # what the bench waits beyond the array model's end before it gives up

Progress = Callable[[int], None]  # told how many further cases have been compared


@dataclass(frozen=True)
class Failure:
    """A case that did not agree: in what, and how to make it again."""

    case: str
    differences: tuple[str, ...]
    reproduction: str  # TOML


@dataclass(frozen=True)
class Agreement:
    """What was compared, and what differed. A phase has two cycles: its first and its end."""

    cases: int = 0
    phases: int = 0
    values: int = 0
    cycles: int = 0  # simulated, in RUN
    value_mismatches: int = 0
    cycle_mismatches: int = 0
    counter_mismatches: int = 0
    stream_faults: int = 0
    failures: tuple[Failure, ...] = ()

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    @property
    def agrees(self) -> bool:
        """Nothing differed, and there was something to compare."""
        return self.cases > 0 and not self.failures


def check(
    cases: Iterable[Case],
    work: Path,
    progress: Progress = lambda cases: None,
    optimize: str = "-O0",
) -> Agreement:
    """Run every case in the array model and in Verilog, and compare both with numpy.

    work      keeps the built benches, so that the same machines need no second build
    optimize  of the simulator: -O0 builds fast, -O2 runs fast
    """
    total = Agreement()
    for bench_cases in benches(cases, _machine_of, _bytes_of):
        specs = list(dict.fromkeys(case.spec for case in bench_cases))
        bench = build_bench(specs, work, optimize)
        total += _compare_bench(specs, list(rounds(bench_cases, _machine_of)), bench, work)
        progress(len(bench_cases))
    return total


def _machine_of(case: Case) -> ArraySpec:
    return case.spec


def _bytes_of(case: Case) -> int:
    return sum(job.weights.nbytes + job.activations.nbytes for job in case.jobs)


def _compare_bench(
    specs: Sequence[ArraySpec], groups: Sequence[dict[ArraySpec, Case]], bench: Path, work: Path
) -> Agreement:
    modelled, machine_rounds = [], []
    for group in groups:
        ran = {spec: array_replay(spec, case.jobs, case.schedules) for spec, case in group.items()}
        last_cycle = max(phases[-1].end_cycle for phases in ran.values())
        machines = [_machine(spec, group.get(spec)) for spec in specs]
        modelled.append(ran)
        machine_rounds.append(Round(machines, last_cycle + MORE_CYCLES))
    with tempfile.TemporaryDirectory(prefix="replay.", dir=work) as scratch:
        outcomes = verilog_replay(machine_rounds, bench, Path(scratch))
    total = Agreement()
    for group, ran, outcome in zip(groups, modelled, outcomes, strict=True):
        for spec, verilog in zip(specs, outcome, strict=True):
            if spec in group:
                total += compare(group[spec], ran[spec], verilog)
    return total


def _machine(spec: ArraySpec, case: Case | None) -> Machine:
    """A machine without a case has nothing to do in this round."""
    if case is not None:
        return Machine(spec, case.jobs, case.schedules)
    none = np.zeros(0, np.int64)
    return Machine(spec, (), Schedules(none, none[np.newaxis], none, none))


def compare(case: Case, modelled: Sequence[PhaseResult], outcome: Outcome) -> Agreement:
    """Hold one case's three answers against each other."""
    differences = [f"Verilog: {fault}" for fault in outcome.faults]
    total = Agreement(cases=1, stream_faults=len(outcome.faults))
    if len(outcome.phases) != len(case.jobs):
        # It never came to the end: none of its phases can be compared.
        total += Agreement(phases=len(case.jobs), cycle_mismatches=2 * len(case.jobs))
    for job, model, verilog in zip(case.jobs, modelled, outcome.phases, strict=False):
        total += _compare_phase(job, model, verilog, differences)
    if differences:
        total += Agreement(failures=(Failure(case.name, tuple(differences), reproduction(case)),))
    return total


def _compare_phase(
    job: Job, model: PhaseResult, verilog: PhaseOutcome, differences: list[str]
) -> Agreement:
    expected = job.expected()
    assert model.output is not None
    wrong_values = 0
    for reading, output in (("array", model.output), ("Verilog", verilog.output)):
        wrong = output != expected
        if wrong.any():
            place = tuple(int(i) for i in np.argwhere(wrong)[0])
            differences.append(
                f"{job.name}: {reading}: {int(wrong.sum())} of {wrong.size} values, the first at "
                f"{place}: {output[place]} instead of {expected[place]}"
            )
        wrong_values += int(wrong.sum())
    wrong_cycles = 0
    for cycle in ("first_cycle", "end_cycle"):
        ours, theirs = getattr(model, cycle), getattr(verilog, cycle)
        if ours != theirs:
            differences.append(f"{job.name}: {cycle}: array {ours}, Verilog {theirs}")
            wrong_cycles += 1
    wrong_counters = 0
    for counter in fields(ArrayCounts):
        ours = getattr(model.counts, counter.name)
        theirs = getattr(verilog.counts, counter.name)
        if ours != theirs:
            differences.append(f"{job.name}: {counter.name}: array {ours}, Verilog {theirs}")
            wrong_counters += 1
    return Agreement(
        phases=1,
        values=expected.size,
        cycles=verilog.counts.cycles,
        value_mismatches=wrong_values,
        cycle_mismatches=wrong_cycles,
        counter_mismatches=wrong_counters,
    )
