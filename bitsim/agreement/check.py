"""`bitsim rtl check`: the Verilog of a machine, or of random ones, against the other readings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bitsim.agreement.arrays.arrivals import ideal_schedules, random_schedules
from bitsim.agreement.arrays.case import Case
from bitsim.agreement.arrays.compare import check
from bitsim.agreement.arrays.random import random_case, random_job
from bitsim.agreement.lists.case import TopCase
from bitsim.agreement.lists.compare import check_tops
from bitsim.agreement.lists.random import random_top_case
from bitsim.agreement.lists.work import top_cases_of_events, top_cases_of_random_work
from bitsim.agreement.tally import Agreement
from bitsim.callbacks import Say
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.array.array import ArraySpec
from bitsim.trace import Trace, load_trace
from bitsim.trace.event import Event
from bitsim.trace.job import Job

RANDOM_PHASES = 6  # of `rtl check --accelerator`
CASE_BYTES = 64 << 20  # weights of one list of recorded phases, as int8


@dataclass(frozen=True)
class RtlResult:
    """What was compared and what differed, and for which machines."""

    machines: str
    agreement: Agreement

    @property
    def agrees(self) -> bool:
        """Nothing differed."""
        return self.agreement.agrees

    def table(self) -> dict[str, Any]:
        """For `--json`."""
        each = self.agreement
        return {
            "machines": self.machines,
            "agrees": each.agrees,
            "cases": each.cases,
            "phases": each.phases,
            "values": each.values,
            "cycles": each.cycles,
            "value_mismatches": each.value_mismatches,
            "cycle_mismatches": each.cycle_mismatches,
            "counter_mismatches": each.counter_mismatches,
            "stream_faults": each.rule_faults,
            "failures": [
                {
                    "case": failure.case,
                    "differences": list(failure.differences),
                    "reproduction": failure.reproduction,
                }
                for failure in each.failures
            ],
        }

    def text(self) -> str:
        """For a terminal."""
        each = self.agreement
        lines = [
            f"{self.machines}: {each.cases} cases, {each.phases} phases, {each.values} values, "
            f"{each.cycles} cycles",
            f"  values that differ     {each.value_mismatches}",
            f"  cycles that differ     {each.cycle_mismatches}",
            f"  counters that differ   {each.counter_mismatches}",
            f"  broken stream rules    {each.rule_faults}",
        ]
        for failure in each.failures:
            lines += ["", f"{failure.case}:", *(f"  {line}" for line in failure.differences)]
            lines += ["", failure.reproduction.rstrip()]
        lines.append("agree: " + ("yes" if each.agrees else "NO"))
        return "\n".join(lines)


def check_random_machines(count: int, seed: int, work: Path, say: Say) -> RtlResult:
    """Random machines with random work and stalls.

    work   keeps built simulators
    say    gets a line for each step that takes long
    """
    say(f"rtl check: building {count} random machines under Verilator")
    made = (random_case(seed, index) for index in range(count))
    return RtlResult(f"{count} random machines, seed {seed}", check(made, work))


def check_random_tops(count: int, seed: int, work: Path, say: Say) -> RtlResult:
    """Random accelerators with their buses: lists of random work, memory of all kinds."""
    say(f"rtl check: building random accelerators for {count} cases under Verilator")
    made = (random_top_case(seed, index) for index in range(count))
    return RtlResult(f"random accelerators with a bus, seed {seed}", check_tops(made, work))


def check_machine(
    accelerator: AcceleratorSpec,
    seed: int,
    work: Path,
    say: Say,
    trace: str | Path | Trace | None = None,
) -> RtlResult:
    """One machine, with its bus if it has one: the products of a trace, or random work."""
    say(f"rtl check: building {accelerator.name} under Verilator")
    events = None if trace is None else load_trace(trace).events()
    if accelerator.bus is not None:
        tops: Iterable[TopCase] = (
            top_cases_of_random_work(accelerator, seed)
            if events is None
            else top_cases_of_events(accelerator, events, seed)
        )
        return RtlResult(accelerator.name, check_tops(tops, work, optimize="-O2"))
    cases: Iterable[Case] = (
        cases_of_random_work(accelerator, seed)
        if events is None
        else cases_of_events(accelerator, events, seed)
    )
    return RtlResult(accelerator.name, check(cases, work, optimize="-O2"))


def cases_of_random_work(accelerator: AcceleratorSpec, seed: int) -> list[Case]:
    """A few random phases: nothing in the way, then stalls on every stream."""
    rng = np.random.default_rng(seed)
    jobs = [random_job(rng, accelerator.array, f"phase_{i}") for i in range(RANDOM_PHASES)]
    again = f"bitsim rtl check --accelerator {accelerator.name} --seed {seed}"
    return _free_and_stalled(accelerator.array, jobs, "random", again, rng)


def cases_of_events(
    accelerator: AcceleratorSpec, events: Iterable[Event], seed: int = 0
) -> Iterator[Case]:
    """Recorded products one after the other: nothing in the way, then stalls on every stream."""
    rng = np.random.default_rng(seed)
    first, jobs = 0, []
    for index, event in enumerate(events):
        jobs.append(event.job())
        if sum(job.weights.nbytes for job in jobs) > CASE_BYTES:
            yield from _recorded(accelerator.array, jobs, first, seed, rng)
            first, jobs = index + 1, []
    if jobs:
        yield from _recorded(accelerator.array, jobs, first, seed, rng)


def _recorded(
    spec: ArraySpec, jobs: list[Job], first: int, seed: int, rng: np.random.Generator
) -> list[Case]:
    name = f"events_{first}_to_{first + len(jobs) - 1}"
    return _free_and_stalled(spec, jobs, name, f"--trace with --seed {seed}", rng)


def _free_and_stalled(
    spec: ArraySpec, jobs: Sequence[Job], name: str, again: str, rng: np.random.Generator
) -> list[Case]:
    return [
        Case(f"{name}_free", spec, jobs, ideal_schedules(spec, jobs), again),
        Case(f"{name}_stalled", spec, jobs, random_schedules(rng, spec, jobs), again),
    ]
