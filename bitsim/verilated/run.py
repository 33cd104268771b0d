"""Running a bench that was built."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bitsim.verilated.bench import bench_folder


def run(bench: Path, work: Path, most_cycles: Sequence[int]) -> None:
    """Run all rounds, each of at most so many cycles.

    work  has the inputs of each round and machine, and takes their logs
    """
    script = bench_folder() / "run.py"
    cycles = ",".join(map(str, most_cycles))
    with (work / "log.txt").open("w") as log:
        subprocess.run(
            [sys.executable, script, bench.resolve(), work.resolve(), cycles],
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,  # a machine that does not come to an end is an outcome
        )


def log_lines(path: Path, work: Path) -> list[list[str]]:
    """The words of each line of a machine's log."""
    if not path.exists():  # the simulation died
        text = (work / "log.txt").read_text()
        raise AssertionError(f"{path}: not written\n{text[-4000:]}")
    return [line.split() for line in path.read_text().splitlines()]
