"""Replaying jobs on the Verilog of many machines at once, under Verilator and cocotb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bitsim.digest import code_digest, foreign
from bitsim.gateware.array.streams import COUNTERS
from bitsim.gateware.emit.verilog import emit_arrays
from bitsim.spec.array.array import ArraySpec
from bitsim.spec.counts import ArrayCounts
from bitsim.trace.job import Job, Schedules
from bitsim.verilated.arrays.stimulus import sums_of_beats, write_streams
from bitsim.verilated.bench import RESULTS, bench_folder, bench_top
from bitsim.verilated.run import log_lines, run
from bitsim.verilated.verilator import build


@dataclass(frozen=True, eq=False)
class Machine:
    """An array and the work it is to replay."""

    spec: ArraySpec
    jobs: Sequence[Job]
    schedules: Schedules


@dataclass(frozen=True, eq=False)
class Round:
    """Work for each machine of a bench, after one reset."""

    machines: Sequence[Machine]
    most_cycles: int  # then the bench gives up


@dataclass(frozen=True, eq=False)
class PhaseOutcome:
    """One phase as the Verilog ran it. Cycles count from reset.

    output  (m, n) int32
    """

    first_cycle: int  # first RUN cycle
    end_cycle: int  # first cycle after the last result beat
    counts: ArrayCounts  # as the hardware's counters said in `end_cycle`
    output: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one machine did; `faults` are broken rules of its streams, in words."""

    phases: tuple[PhaseOutcome, ...]
    faults: tuple[str, ...]


def build_bench(specs: Sequence[ArraySpec], build_folder: Path, optimize: str = "-O1") -> Path:
    """The binary's folder for these arrays, one machine each."""
    named = [(f"array_{index}", spec) for index, spec in enumerate(specs)]

    def make_texts() -> dict[str, str]:
        # All columns of an array share one piece of code; each column does not get a copy.
        kept = "".join(f'no_inline -module "{name}_column"\n' for name, _ in named)
        return {
            "arrays.v": emit_arrays(named),
            "bench_top.sv": bench_top(named),
            "columns.vlt": f"`verilator_config\n{kept}",
        }

    folder = bench_folder()
    statics = [*sorted(folder.glob("*.sv")), folder / "bench.vlt"]
    inputs = [*map(repr, specs), code_digest(__name__), foreign(*specs)]
    return build(inputs, make_texts, statics, build_folder, optimize)


def replay(rounds: Sequence[Round], bench: Path, work: Path) -> list[list[Outcome]]:
    """Run a bench that `build_bench` made for these machines, in this order; reset in between.

    work  an empty folder; it keeps inputs and logs
    """
    folders = [work / f"round_{index}" for index in range(len(rounds))]
    for each, folder in zip(rounds, folders, strict=True):
        for index, machine in enumerate(each.machines):
            streams = folder / f"machine_{index}"
            write_streams(machine.spec, machine.jobs, machine.schedules, streams)
    run(bench, work, [each.most_cycles for each in rounds])
    return [
        [_outcome(machine, folder / f"machine_{i}") for i, machine in enumerate(each.machines)]
        for each, folder in zip(rounds, folders, strict=True)
    ]


def _outcome(machine: Machine, folder: Path) -> Outcome:
    logs = [folder / "phases.txt", folder / f"stream_{RESULTS}.txt"]
    said = [words for log in logs for words in log_lines(log, folder.parent.parent)]
    accepts = [int(words[1]) for words in said if words[0] == "accept"]
    ends = [[int(word) for word in words[1:]] for words in said if words[0] == "end"]
    beats = [int(words[2], 16) for words in said if words[0] == "beat"]
    flags = {words[0]: int(words[1]) for words in said if words[0] in _FLAGS}
    faults = [text for flag, text in _FLAGS.items() if flags[flag]]
    wanted = [machine.spec.tiling(job.phase).result_beats for job in machine.jobs]
    if len(ends) != len(machine.jobs):
        faults.append(f"{len(ends)} of {len(machine.jobs)} phases ended")
    elif len(beats) != sum(wanted):
        faults.append(f"{len(beats)} result beats instead of {sum(wanted)}")
    else:
        starts = np.cumsum([0, *wanted])
        phases = [
            PhaseOutcome(
                first_cycle=accept + 1,
                end_cycle=end[0],
                counts=ArrayCounts(**dict(zip(COUNTERS, end[1:], strict=True))),
                output=sums_of_beats(machine.spec, job, beats[first : first + count]),
            )
            for job, accept, end, first, count in zip(
                machine.jobs, accepts, ends, starts, wanted, strict=False
            )
        ]
        return Outcome(tuple(phases), tuple(faults))
    return Outcome((), tuple(faults))


_FLAGS = {
    "left": "an input beat was never taken",
    "moved": "a counter changed while no phase ran",
    "unstable": "a result beat changed while it was offered",
    "waiting": "a result beat too many was offered at the end",
}
