"""The same of the accelerator around the array: `python -m tests.mutation.top_campaign`.

The machines, lists and memories are those of tests/rtl/test_top_lists.py. A mutant is killed when
what the accelerator did differs from what it does without one, which that test and the comparison
with the simulation hold to the contract: values, every burst and its cycles, every counter, the
cycles of each list and phase, no rule of AXI4 broken.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bitsim.digest import code_digest
from bitsim.gateware.emit.verilog import emit_tops
from bitsim.verilated.lists.bench import top_bench, top_bench_sources
from bitsim.verilated.lists.replay import Round, TopOutcome, replay_lists
from bitsim.verilated.lists.stimulus import Machine
from bitsim.verilated.verilator import build
from tests.mutation.campaign import Fate, block_of, draw, mutated, report, switched
from tests.mutation.mutants import modules
from tests.mutation.top_explained import explanation
from tests.rtl.test_top_lists import MACHINES, WORLDS, machine_of

MUTANTS = 120
MOST_CYCLES = 60_000
ERRORS = "ideal, with errors"  # each port answers once that something went wrong
# Cycles of the list that a reset ends, before each kind of memory.
DIRTY_CYCLES = dict(zip((*WORLDS, ERRORS), (25, 60, 150, 400, 1000, 2500), strict=True))


def campaign(count: int, work: Path, part: int = 0, parts: int = 1) -> list[Fate]:
    """Draw, build, judge; the array within is left to the other campaign.

    part  every `parts`th mutant, from this one on, is judged; all are in the one binary
    """
    named = [(f"top_{index}", *machine) for index, machine in enumerate(MACHINES.values())]
    verilog = emit_tops(named)
    inside = ("_array", "_column", "_decoder")
    around = [name for name in modules(verilog) if not any(part in name for part in inside)]
    fates = draw([1] * len(named), verilog, count, around)
    binary = build_mutants(verilog, fates, work)
    fates = fates[part::parts]
    for kind in (*WORLDS, ERRORS):
        judge(kind, [fate for fate in fates if not fate.killed_by], binary, work)
    return fates


def build_mutants(verilog: str, fates: Sequence[Fate], work: Path) -> Path:
    """One binary with all of them."""
    named = [(f"top_{index}", bus) for index, (_, bus) in enumerate(MACHINES.values())]

    def make_texts() -> dict[str, str]:
        kept = "".join(
            f'no_inline -module "{name}_{kind}"\n'
            for name, _ in named
            for kind in ("column", "weight_port")
        )
        return {
            "accelerators.v": mutated(verilog, fates),
            "bench_top.sv": switched(top_bench(named), len(named)),
            "shared.vlt": f"`verilator_config\n{kept}",
        }

    code = code_digest("bitsim.verilated.lists.replay")
    inputs = [repr(MACHINES), code, *map(repr, fates), switched("", len(named))]
    return build(inputs, make_texts, top_bench_sources(), work, "-O0")


def judge(kind: str, fates: Sequence[Fate], binary: Path, work: Path) -> None:
    """Every mutant under one kind of memory, beside the same accelerators without any."""
    names = list(MACHINES)
    (sound,) = _run(kind, [[0] * len(names)], binary, work, MOST_CYCLES)
    assert not any(outcome.faults for outcome in sound)
    ends = [outcome.lists[-1].end_cycle for outcome in sound]
    waiting = [[fate for fate in fates if fate.machine == m] for m in range(len(names))]
    numbers = [
        [each[place].number if place < len(each) else -1 for each in waiting]
        for place in range(max(map(len, waiting)))
    ]
    by_number = {fate.number: fate for fate in fates}
    for active, outcomes in zip(
        numbers, _run(kind, numbers, binary, work, max(ends) + 500), strict=True
    ):
        for machine, number in enumerate(active):
            if number > 0 and (how := difference(sound[machine], outcomes[machine])):
                by_number[number].killed_by, by_number[number].how = kind, how


def _run(
    kind: str, numbers: Sequence[Sequence[int]], binary: Path, work: Path, most_cycles: int
) -> list[list[TopOutcome]]:
    """Each after a reset in the middle of other work, so that what is left of it is of no use.

    numbers  of each round: the mutant in each machine, 0 for none, -1 for nothing to do
    """
    machines = [_machine(name, kind) for name in MACHINES]
    rounds = []
    for active in numbers:
        chosen = [
            machine if number >= 0 else replace(machine, lists=[])
            for machine, number in zip(machines, active, strict=True)
        ]
        before = [_other_work(machine) for machine in chosen]
        rounds += [Round(before, DIRTY_CYCLES[kind]), Round(chosen, most_cycles)]
    with tempfile.TemporaryDirectory(prefix="mutants.", dir=work) as scratch:
        off = [0] * len(machines)
        active = [each for on in numbers for each in (off, on)]
        text = "".join(" ".join(str(max(0, n)) for n in each) + "\n" for each in active)
        (Path(scratch) / "mutants.txt").write_text(text)
        return replay_lists(rounds, binary, Path(scratch))[1::2]


def _machine(name: str, kind: str) -> Machine:
    if kind != ERRORS:
        return machine_of(name, kind)
    ports = MACHINES[name][1].weight_ports + 2
    machine, errors = machine_of(name, "ideal"), {port: port % 2 for port in range(ports)}
    return replace(machine, world=replace(machine.world, errors=errors))


def _other_work(machine: Machine) -> Machine:
    """Its longest list, from the end."""
    lists = sorted(machine.lists, key=len)[-1:]
    return replace(machine, lists=[list(reversed(each)) for each in lists])


def difference(sound: TopOutcome, found: TopOutcome) -> str:
    """In what they differ first; nothing if they are the same."""
    if found.faults:
        return found.faults[0]
    for part in ("lists", "reads", "writes"):
        if getattr(found, part) != getattr(sound, part):
            return part
    for ours, theirs in zip(sound.phases, found.phases, strict=True):
        if (ours.accept_cycle, ours.end_cycle) != (theirs.accept_cycle, theirs.end_cycle):
            return "phases"
        if not np.array_equal(ours.output, theirs.output):
            return "values"
    return ""


def main() -> int:
    """Exit status: 0 if every survivor is explained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=MUTANTS)
    parser.add_argument("--work", type=Path, default=Path("build/rtl"))
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    machines = list(MACHINES.values())

    def why(fate: Fate) -> str:
        return explanation(block_of(fate.mutant.module), fate.mutant, *machines[fate.machine])

    fates = campaign(arguments.mutants, arguments.work)
    print(report(fates, why))
    print(f"{time.monotonic() - started:.0f} s")
    return int(any(not fate.killed_by and not why(fate) for fate in fates))


if __name__ == "__main__":
    sys.exit(main())
