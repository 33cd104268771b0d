"""Whole accelerators: cycle model, Verilog and numpy on the same lists and the same memory.

Compared are every value, the cycles of every phase and list, every burst of every port with its
address and its cycles, and every counter.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.agreement.arrays.compare import MORE_CYCLES, Progress
from bitsim.agreement.benches import benches, rounds
from bitsim.agreement.lists.case import ListWork, TopCase, reproduction
from bitsim.agreement.lists.result_form import expected_results
from bitsim.agreement.tally import Agreement, Tally
from bitsim.link import make_link
from bitsim.link.result import Bursts, ListPhase, ListResult
from bitsim.spec.counts import ArrayCounts
from bitsim.spec.link.axi4 import BusLayout
from bitsim.trace.job import Job
from bitsim.trace.world import ideal_world
from bitsim.verilated.lists.replay import (
    ListOutcome,
    ReadBurst,
    Round,
    TopOutcome,
    TopPhase,
    WriteBurst,
    build_top_bench,
    replay_lists,
)
from bitsim.verilated.lists.stimulus import Machine, Product

READ_FIELDS = ("address", "words", "accept_cycle", "first_word_cycle", "last_word_cycle")
WRITE_FIELDS = (*READ_FIELDS, "response_cycle")
VERILOG_FIELDS = {"first_word_cycle": "first_cycle", "last_word_cycle": "last_cycle"}


def check_tops(
    cases: Iterable[TopCase],
    work: Path,
    progress: Progress = lambda cases: None,
    optimize: str = "-O0",
) -> Agreement:
    """Run every case in the cycle model and in Verilog, and compare both with numpy.

    work      keeps the built benches, so that the same machines need no second build
    optimize  of the simulator: -O0 builds fast, -O2 runs fast
    """
    total = Agreement()
    for bench_cases in benches(cases, _layout_of, _bytes_of):
        layouts = list(dict.fromkeys(map(_layout_of, bench_cases)))
        bench = build_top_bench([(each.array, each.bus) for each in layouts], work, optimize)
        _compare_bench(total, layouts, list(rounds(bench_cases, _layout_of)), bench, work)
        progress(len(bench_cases))
    return total


def run_model(case: TopCase) -> list[ListResult]:
    """The lists of a case in the cycle model, started when the host of the bench starts them.

    It writes one entry a cycle, from cycle 0 or from the cycle after a list has ended.
    """
    top, results = make_link(case.layout, case.world), []
    for index, each in enumerate(case.lists):
        start_cycle = top.cycle + (index > 0) + len(each.entries)
        results.append(top.run(each.entries, start_cycle, each.jobs))
    return results


def _layout_of(case: TopCase) -> BusLayout:
    return case.layout


def _bytes_of(case: TopCase) -> int:
    return sum(job.weights.nbytes + job.activations.nbytes for job in case.jobs)


def _compare_bench(
    total: Agreement,
    layouts: Sequence[BusLayout],
    groups: Sequence[dict[BusLayout, TopCase]],
    bench: Path,
    work: Path,
) -> None:
    modelled, machine_rounds = [], []
    for group in groups:
        ran = {layout: run_model(case) for layout, case in group.items()}
        last_cycle = max(lists[-1].end_cycle for lists in ran.values())
        machines = [_machine(layout, group.get(layout)) for layout in layouts]
        modelled.append(ran)
        machine_rounds.append(Round(machines, last_cycle + MORE_CYCLES))
    with tempfile.TemporaryDirectory(prefix="replay.", dir=work) as scratch:
        outcomes = replay_lists(machine_rounds, bench, Path(scratch))
    for group, ran, outcome in zip(groups, modelled, outcomes, strict=True):
        for layout, verilog in zip(layouts, outcome, strict=True):
            if layout in group:
                case = group[layout]
                total.enter(case.name, compare(case, ran[layout], verilog), reproduction(case))


def compare(case: TopCase, modelled: Sequence[ListResult], outcome: TopOutcome) -> Tally:
    """Hold one case's three answers against each other."""
    phases = [phase for each in modelled for phase in each.phases]
    expected = [
        expected_results(job, entry, case.layout.array.rows)
        for each in case.lists
        for job, entry in zip(each.jobs, each.entries, strict=True)
    ]
    found = Tally(
        phases=len(phases),
        values=sum(each.size for exact in expected for each in exact if each is not None),
        cycles=sum(each.list_cycles for each in modelled),
    )
    found.broken(outcome.faults)
    found.same_count("lists that ended", len(modelled), len(outcome.lists))
    found.same_count("phases that ended", len(phases), len(outcome.phases))
    for place, (model, verilog) in enumerate(zip(modelled, outcome.lists, strict=False)):
        compare_list(found, f"list {place}", model, model.counts, verilog)
    for job, exact, ours, theirs in zip(case.jobs, expected, phases, outcome.phases, strict=False):
        _compare_phase(found, job, exact, ours, theirs)
    _compare_ports(found, modelled, outcome)
    return found


def compare_list(
    found: Tally, name: str, model: ListResult, counts: ArrayCounts, verilog: ListOutcome
) -> None:
    """Cycles and counters of a list; `counts` are the model's, of its array."""
    bus = verilog.bus
    found.same_cycle(f"{name}: start_cycle", model.start_cycle, verilog.start_cycle)
    found.same_cycle(f"{name}: end_cycle", model.end_cycle, verilog.end_cycle)
    found.same_counter(f"{name}: errors", model.errors, verilog.errors)
    found.same_counter(f"{name}: list_cycles", model.list_cycles, bus.list_cycles)
    words = (*model.weight_words, model.activation_words, model.result_words)
    seen = (*bus.weight_words, bus.activation_words, bus.result_words)
    for port, (ours, theirs) in enumerate(zip(words, seen, strict=True)):
        found.same_counter(f"{name}: words of port {port}", ours, theirs)
    found.same_array_counts(name, counts, verilog.array)


def _compare_phase(
    found: Tally,
    job: Job,
    expected: tuple[NDArray[np.int32], NDArray[np.int32] | None],
    model: ListPhase,
    verilog: TopPhase,
) -> None:
    """Values against numpy's, all bytes (padding, too) and cycles against each other."""
    output, largest = expected
    found.same_values(f"{job.name}: model", model.output, output)
    found.same_values(f"{job.name}: Verilog", verilog.output, output)
    found.same_values(f"{job.name}: model: largest", model.largest, largest)
    found.same_values(f"{job.name}: Verilog: largest", verilog.largest, largest)
    found.same_values(f"{job.name}: Verilog: bytes in memory", verilog.stored, model.stored)
    for cycle in ("accept_cycle", "end_cycle"):
        found.same_cycle(f"{job.name}: {cycle}", getattr(model, cycle), getattr(verilog, cycle))


def _compare_ports(found: Tally, modelled: Sequence[ListResult], outcome: TopOutcome) -> None:
    """Every burst of every port, over all lists."""
    ports: dict[str, tuple[list[Bursts], Sequence[ReadBurst | WriteBurst]]] = {}
    for port, bursts in enumerate(outcome.reads[:-1]):
        ours = [each.weight_bursts[port] for each in modelled if each.weight_bursts]
        ports[f"weights_{port}"] = (ours, bursts)
    ports["activations"] = (
        [each.activation_bursts for each in modelled if each.activation_bursts],
        outcome.reads[-1],
    )
    ports["results"] = (
        [each.result_bursts for each in modelled if each.result_bursts],
        outcome.writes,
    )
    for name, (ours, theirs) in ports.items():
        found.same_count(f"{name}: bursts", sum(each.words.size for each in ours), len(theirs))
        for what in WRITE_FIELDS if name == "results" else READ_FIELDS:
            _compare_bursts(found, name, what, ours, theirs)


def _compare_bursts(
    found: Tally, name: str, what: str, ours: Sequence[Bursts], theirs: Sequence[Any]
) -> None:
    """One number of all bursts; only the first difference is spelt out."""
    model = [int(number) for each in ours for number in getattr(each, what)]
    verilog = [getattr(burst, VERILOG_FIELDS.get(what, what)) for burst in theirs]
    wrong = [
        place for place, (mine, its) in enumerate(zip(model, verilog, strict=False)) if mine != its
    ]
    if wrong:
        first = wrong[0]
        found.cycle_mismatches += len(wrong)
        found.differences.append(
            f"{name}: {what} of {len(wrong)} bursts, the first is burst {first}: "
            f"model {model[first]}, Verilog {verilog[first]}"
        )


def _machine(layout: BusLayout, case: TopCase | None) -> Machine:
    """A machine without a case has no list in this round; its world is never met."""
    if case is None:
        return Machine(layout.array, layout.bus, (), ideal_world(layout.bus.weight_ports))
    lists = [_products(each) for each in case.lists]
    return Machine(layout.array, layout.bus, lists, case.world)


def _products(work: ListWork) -> list[Product]:
    return [Product(job, entry) for job, entry in zip(work.jobs, work.entries, strict=True)]
