"""Fuzzes every reader, or those named, and prints how far that went.

    python -m tests.fuzz.run [--seconds 60] [--runs N] [--keep DIR] [TARGET ...]

With --runs what is tried is the same each time (seed 1); with --seconds it depends on the machine.
A finding is kept as a file, and the command that shows it again is printed; exit status 1.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
SLOW_SECONDS = 10  # of one input, by the clock; below it the corpus of bad input measures
MOST_MB = 2048  # resident; the interpreter, the imports and the fuzzer have about 450
PROGRESS = re.compile(r"^#(\d+)\s.*cov: (\d+) ft: (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Reached:
    """What one target came to; `edges` of its Python code, `finding` with what shows it again."""

    executions: int
    seeds_edges: int
    edges: int
    features: int
    peak_mb: int
    finding: str


def fuzz(name: str, keep: Path, seconds: int = 0, runs: int = -1) -> Reached:
    """Run a target for so many seconds or executions, in a process of its own."""
    target = TARGETS.get(name)  # none: the planted fault
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(target.seeds() if target else [b"a"]):
            (Path(folder) / f"{number:04d}").write_bytes(seed)
        flags = {
            "seed": 1,
            "runs": runs,
            "max_total_time": seconds,
            "max_len": target.most_bytes if target else 8,
            "timeout": SLOW_SECONDS,
            "rss_limit_mb": MOST_MB,
            "print_final_stats": 1,
            "artifact_prefix": f"{keep}/{name}-",
        }
        command = [sys.executable, "-m", "tests.fuzz.fuzz", name, folder]
        command += [f"-{flag}={value}" for flag, value in flags.items()]
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    steps = [tuple(map(int, step)) for step in PROGRESS.findall(done.stdout)]
    first, last = (steps[0], steps[-1]) if steps else ((0, 0, 0), (0, 0, 0))
    return Reached(
        _stat(done.stdout, "number_of_executed_units"),
        first[1],
        last[1],
        last[2],
        _stat(done.stdout, "peak_rss_mb"),
        _finding(done) if done.returncode else "",
    )


def main() -> int:
    """One line for each target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--runs", type=int, default=-1)
    parser.add_argument("--keep", type=Path, default=Path("out/fuzz"))
    args = parser.parse_args()
    args.keep.mkdir(parents=True, exist_ok=True)
    seconds = 0 if args.runs >= 0 else args.seconds
    status = 0
    print(f"{'target':18s} {'executions':>10s} {'edges of seeds':>14s} {'edges':>6s} {'MB':>5s}")
    for name in args.targets or TARGETS:
        reached = fuzz(name, args.keep.resolve(), seconds, args.runs)
        print(
            f"{name:18s} {reached.executions:10,d} {reached.seeds_edges:14,d} {reached.edges:6,d} "
            f"{reached.peak_mb:5d}  {reached.finding or 'no finding'}",
            flush=True,
        )
        status |= bool(reached.finding)
    return status


def _stat(text: str, name: str) -> int:
    found = re.search(rf"^stat::{name}:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


def _finding(done: subprocess.CompletedProcess[str]) -> str:
    said = re.search(r"Uncaught Python exception: ===\n(.*)", done.stdout)
    kept = re.search(r"Test unit written to (\S+)", done.stdout)
    summary = re.search(r"SUMMARY: (.*)", done.stdout)
    what = said or summary
    line = what[1] if what else f"status {done.returncode}: {done.stdout[-600:]!r}"
    return f"{line:.300} (python -m {' '.join(done.args[2:4])} {kept[1] if kept else ''})"


if __name__ == "__main__":
    sys.exit(main())
