"""Array model, Verilog and numpy on the same cases: every value, every cycle, every counter."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from bitsim.agreement.arrays.case import Case, reproduction
from bitsim.agreement.benches import benches, rounds
from bitsim.agreement.tally import Agreement, Tally
from bitsim.array.protocol import PhaseResult
from bitsim.array.replay import replay as array_replay
from bitsim.spec.array.array import ArraySpec
from bitsim.trace.job import Job, Schedules
from bitsim.verilated.arrays.replay import Machine, Outcome, PhaseOutcome, Round, build_bench
from bitsim.verilated.arrays.replay import replay as verilog_replay

MORE_CYCLES = 1000  # that the bench waits after the array model's end before it gives up

Progress = Callable[[int], None]  # gets how many further cases have been compared


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
        _compare_bench(total, specs, list(rounds(bench_cases, _machine_of)), bench, work)
        progress(len(bench_cases))
    return total


def _machine_of(case: Case) -> ArraySpec:
    return case.spec


def _bytes_of(case: Case) -> int:
    return sum(job.weights.nbytes + job.activations.nbytes for job in case.jobs)


def _compare_bench(
    total: Agreement,
    specs: Sequence[ArraySpec],
    groups: Sequence[dict[ArraySpec, Case]],
    bench: Path,
    work: Path,
) -> None:
    modelled, machine_rounds = [], []
    for group in groups:
        ran = {spec: array_replay(spec, case.jobs, case.schedules) for spec, case in group.items()}
        last_cycle = max(phases[-1].end_cycle for phases in ran.values())
        machines = [_machine(spec, group.get(spec)) for spec in specs]
        modelled.append(ran)
        machine_rounds.append(Round(machines, last_cycle + MORE_CYCLES))
    with tempfile.TemporaryDirectory(prefix="replay.", dir=work) as scratch:
        outcomes = verilog_replay(machine_rounds, bench, Path(scratch))
    for group, ran, outcome in zip(groups, modelled, outcomes, strict=True):
        for spec, verilog in zip(specs, outcome, strict=True):
            if spec in group:
                case = group[spec]
                total.enter(case.name, compare(case, ran[spec], verilog), reproduction(case))


def _machine(spec: ArraySpec, case: Case | None) -> Machine:
    """A machine without a case has nothing to do in this round."""
    if case is not None:
        return Machine(spec, case.jobs, case.schedules)
    none = np.zeros(0, np.int64)
    return Machine(spec, (), Schedules(none, none[np.newaxis], none, none))


def compare(case: Case, modelled: Sequence[PhaseResult], outcome: Outcome) -> Tally:
    """Hold one case's three answers against each other."""
    found = Tally()
    found.broken(outcome.faults)
    if len(outcome.phases) != len(case.jobs):
        # It never came to the end: none of its phases can be compared.
        found.phases += len(case.jobs)
        found.cycle_mismatches += 2 * len(case.jobs)
    for job, model, verilog in zip(case.jobs, modelled, outcome.phases, strict=False):
        _compare_phase(found, job, model, verilog)
    return found


def _compare_phase(found: Tally, job: Job, model: PhaseResult, verilog: PhaseOutcome) -> None:
    expected = job.expected()
    found.phases += 1
    found.values += expected.size
    found.cycles += verilog.counts.cycles
    found.same_values(f"{job.name}: model", model.output, expected)
    found.same_values(f"{job.name}: Verilog", verilog.output, expected)
    found.same_cycle(f"{job.name}: first_cycle", model.first_cycle, verilog.first_cycle)
    found.same_cycle(f"{job.name}: end_cycle", model.end_cycle, verilog.end_cycle)
    found.same_array_counts(job.name, model.counts, verilog.counts)
