"""Mutates the gateware and counts what the tests kill: `python -m tests.mutation.campaign`.

All mutants are in one Verilator binary, five small machines with their worst cases by name; a round
of the bench switches one on in each machine. A mutant is killed when a case differs from the array
simulation in a value, a cycle or a counter, or breaks a rule of a stream.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bitsim.agreement.arrays.arrivals import random_schedules
from bitsim.agreement.arrays.case import Case
from bitsim.agreement.arrays.compare import compare
from bitsim.agreement.arrays.random import random_job
from bitsim.array.protocol import PhaseResult
from bitsim.array.replay import replay as array_replay
from bitsim.digest import code_digest
from bitsim.gateware.emit.verilog import emit_arrays
from bitsim.spec.array.dot import DotSpec
from bitsim.trace.job import Schedules
from bitsim.verilated.arrays.replay import Machine, Round, replay
from bitsim.verilated.bench import bench_folder, bench_top
from bitsim.verilated.verilator import build
from tests.cases.arrays import named_cases
from tests.mutation.explained import explanation
from tests.mutation.mutants import Mutant, modules, mutants_of, with_mutants

SEED = 4
MUTANTS = 240
RANDOM_CASES = 4  # for each machine, behind its cases by name
HELD_SHARE = 6  # to 1 of the others: of the mutants of the machine that has every feature
MOST_MACHINES = 8  # of a bench
MORE_CYCLES = 200  # beyond the array simulation's end, then a mutant hangs
DIRTY_CYCLES = 60  # of a case that a reset ends


@dataclass
class Fate:
    """A mutant and the case that killed it, if one did."""

    number: int
    machine: int
    mutant: Mutant
    killed_by: str = ""
    how: str = ""


@dataclass(frozen=True)
class Bench:
    """Machines and all of their cases, with what the array simulation says of each."""

    specs: tuple[DotSpec, ...]
    cases: tuple[tuple[Case, ...], ...]
    modelled: tuple[tuple[Sequence[PhaseResult], ...], ...] = field(repr=False)


def make_bench(only: DotSpec | None = None, most_cases: int = 100) -> Bench:
    """The machines of the cases by name, in order of appearance.

    only  this machine, with its first cases
    """
    by_spec: dict[DotSpec, list[Case]] = {}
    for case in named_cases():
        if only in (None, case.spec) and len(by_spec.get(case.spec, ())) < most_cases:
            by_spec.setdefault(case.spec, []).append(case)
    for machine, (spec, cases) in enumerate(by_spec.items()):
        cases += [_random_case(spec, machine, index) for index in range(RANDOM_CASES)]
    modelled = [
        [(case, array_replay(spec, case.jobs, case.schedules)) for case in cases]
        for spec, cases in by_spec.items()
    ]
    return Bench(
        specs=tuple(by_spec),
        cases=tuple(tuple(case for case, _ in each) for each in modelled),
        modelled=tuple(tuple(model for _, model in each) for each in modelled),
    )


def _random_case(spec: DotSpec, machine: int, index: int) -> Case:
    rng = np.random.default_rng([SEED, machine, index])
    jobs = [random_job(rng, spec, f"phase_{i}") for i in range(3)]
    name = f"random_{machine}_{index}"
    return Case(name, spec, jobs, random_schedules(rng, spec, jobs), "tests.mutation.campaign")


def draw(shares: Sequence[int], verilog: str, count: int, modules_of: Container[str]) -> list[Fate]:
    """As many mutants of each block as of every other, any kind as often as another.

    shares      of the machines
    modules_of  what is drawn from
    """
    rng = random.Random(SEED)
    pools: dict[str, dict[str, list[tuple[int, Mutant]]]] = {}
    for name, lines in modules(verilog).items():
        if name not in modules_of:
            continue
        machine = int(name.split("_")[1])
        kinds = pools.setdefault(block_of(name), {})
        for mutant in mutants_of(name, lines):
            kind = " ".join(word for word in mutant.kind.split() if not word.isdigit())
            kinds.setdefault(kind, []).append((machine, mutant))
    fates: list[Fate] = []
    while len(fates) < count:
        kinds = pools[sorted(pools)[len(fates) % len(pools)]]
        pool = kinds[rng.choice(sorted(kinds))]
        if pool:
            drawn = rng.choices(pool, [shares[machine] for machine, _ in pool])[0]
            pool.remove(drawn)
            fates.append(Fate(len(fates) + 1, *drawn))
    return fates


def block_of(module: str) -> str:
    """`column_queue` of module `array_3_column_queue`; the top module's own is `top`."""
    return [*module.split("_", 2), "top"][2]


def build_mutants(
    specs: Sequence[DotSpec], fates: Sequence[Fate], verilog: str, work: Path
) -> Path:
    """One binary with all of them."""
    named = [(f"array_{index}", spec) for index, spec in enumerate(specs)]

    def make_texts() -> dict[str, str]:
        kept = "".join(f'no_inline -module "{name}_column"\n' for name, _ in named)
        return {
            "arrays.v": mutated(verilog, fates),
            "bench_top.sv": switched(bench_top(named), len(specs)),
            "columns.vlt": f"`verilator_config\n{kept}",
        }

    folder = bench_folder()
    statics = [*sorted(folder.glob("*.sv")), folder / "bench.vlt"]
    code = code_digest("bitsim.verilated.arrays.replay")
    inputs = [*map(repr, specs), code, *map(repr, fates), _SWITCH]
    return build(inputs, make_texts, statics, work, "-O0")


def mutated(verilog: str, fates: Sequence[Fate]) -> str:
    """The modules with their mutants, and what says which of them are on."""
    texts = [f"package mutation_pkg; int active [{MOST_MACHINES}]; endpackage\n"]
    for name, lines in modules(verilog).items():
        inside = [(fate.number, fate.mutant) for fate in fates if fate.mutant.module == name]
        texts.append("\n".join(with_mutants(lines, inside, int(name.split("_")[1]))))
    return "".join(texts)


def switched(top: str, machines: int) -> str:
    """A bench that turns mutants on, one in each machine and round."""
    return top.rstrip().removesuffix("endmodule") + _SWITCH.format(machines=machines)


_SWITCH = """
    // WORK/mutants.txt: for each round, the number of the mutant in each machine; 0 for none.
    int mutants[$];
    initial begin
        string work;
        int file, number;
        if ($value$plusargs("work=%s", work) == 0) $fatal(1, "+work=FOLDER is missing");
        file = $fopen({{work, "/mutants.txt"}}, "r");
        while ($fscanf(file, "%d", number) == 1) mutants.push_back(number);
    end
    always_comb for (int m = 0; m < {machines}; m++)
        mutation_pkg::active[m] = mutants[{machines} * round + m];
endmodule
"""


def judge(bench: Bench, fates: Sequence[Fate], binary: Path, work: Path) -> None:
    """Run every mutant on the cases of its machine until one kills it."""
    most = max(len(cases) for cases in bench.cases)
    for index in range(most):
        waiting = [
            [fate for fate in fates if fate.machine == machine and not fate.killed_by]
            if index < len(bench.cases[machine])
            else []
            for machine in range(len(bench.specs))
        ]
        if any(waiting):
            _judge_one_case(bench, index, waiting, binary, work)


def _judge_one_case(
    bench: Bench, index: int, waiting: Sequence[Sequence[Fate]], binary: Path, work: Path
) -> None:
    rounds, numbers, meant = [], [], []
    for place in range(max(map(len, waiting))):
        fates = [each[place] if place < len(each) else None for each in waiting]
        machines, cycles = [], 0
        for machine, fate in enumerate(fates):
            spec = bench.specs[machine]
            if fate is None:
                machines.append(_idle(spec))
                continue
            case = bench.cases[machine][index]
            machines.append(Machine(spec, case.jobs, case.schedules))
            cycles = max(cycles, bench.modelled[machine][index][-1].end_cycle)
        active = [fate.number if fate else 0 for fate in fates]
        if any(fate and fate.mutant.kind == "missing reset" for fate in fates):
            rounds.append(Round(machines, DIRTY_CYCLES))  # the reset that follows is the one meant
            numbers.append(active)
            meant.append(None)
        rounds.append(Round(machines, cycles + MORE_CYCLES))
        numbers.append(active)
        meant.append(fates)
    with tempfile.TemporaryDirectory(prefix="mutants.", dir=work) as scratch:
        text = "".join(" ".join(map(str, active)) + "\n" for active in numbers)
        (Path(scratch) / "mutants.txt").write_text(text)
        outcomes = replay(rounds, binary, Path(scratch))
    for fates, outcome in zip(meant, outcomes, strict=True):
        for machine, fate in enumerate(fates or []):
            if fate is not None:
                case, model = bench.cases[machine][index], bench.modelled[machine][index]
                found = compare(case, model, outcome[machine])
                if found.differences:
                    fate.killed_by = case.name
                    fate.how = found.differences[0]


def _idle(spec: DotSpec) -> Machine:
    none = np.zeros(0, np.int64)
    return Machine(spec, (), Schedules(none, none[np.newaxis], none, none))


def campaign(bench: Bench, count: int, work: Path) -> list[Fate]:
    """Draw, build, judge. The binary without a mutant is judged too: nothing may kill it."""
    named = [(f"array_{index}", spec) for index, spec in enumerate(bench.specs)]
    verilog = emit_arrays(named)
    shares = [HELD_SHARE if spec.hold > 1 else 1 for spec in bench.specs]
    fates = draw(shares, verilog, count, modules(verilog))
    binary = build_mutants(bench.specs, fates, verilog, work)
    nothing = Mutant("", "none", 0, "", "")
    sound = [Fate(0, machine, nothing) for machine in range(len(bench.specs))]
    judge(bench, [*sound, *fates], binary, work)
    assert not any(fate.killed_by for fate in sound), sound
    return fates


def unexplained(bench: Bench, fates: Sequence[Fate]) -> list[str]:
    """Survivors that are a hole in the tests."""
    return [
        str(fate.mutant)
        for fate in fates
        if not fate.killed_by
        and not explanation(block_of(fate.mutant.module), fate.mutant, bench.specs[fate.machine])
    ]


def report(fates: Sequence[Fate], why: Callable[[Fate], str]) -> str:
    """A table by block, and every survivor with its reason."""
    lines = [f"{'block':<24}{'mutants':>8}{'killed':>8}{'survived':>9}"]
    blocks: dict[str, list[Fate]] = {}
    for fate in fates:
        blocks.setdefault(block_of(fate.mutant.module), []).append(fate)
    for block, members in [*sorted(blocks.items()), ("all", list(fates))]:
        killed = sum(bool(fate.killed_by) for fate in members)
        lines.append(f"{block:<24}{len(members):>8}{killed:>8}{len(members) - killed:>9}")
    for fate in fates:
        if not fate.killed_by:
            lines += [f"survived: {fate.mutant}", f"    {why(fate) or 'NOT EXPLAINED'}"]
    return "\n".join(lines)


def main() -> int:
    """Exit status: 0 if every survivor is explained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=MUTANTS)
    parser.add_argument("--work", type=Path, default=Path("build/rtl"))
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    bench = make_bench()
    fates = campaign(bench, arguments.mutants, arguments.work)

    def why(fate: Fate) -> str:
        return explanation(block_of(fate.mutant.module), fate.mutant, bench.specs[fate.machine])

    print(report(fates, why))
    random_only = sum(fate.killed_by.startswith("random") for fate in fates)
    print(f"{random_only} killed by random cases alone; {time.monotonic() - started:.0f} s")
    return int(bool(unexplained(bench, fates)))


if __name__ == "__main__":
    sys.exit(main())
