"""A thousand random configurations, block by block: `python -m tests.rtl.thousand arrays|tops`.

The blocks are those of the tests marked `full`: 25 seeds of 40 cases. Each block that agrees is
noted in WORK/thousand-KIND.jsonl with a digest of all sources, so that a run that was ended goes on
where it was, and one with other sources begins anew. Simulators are removed behind their block.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, fields
from pathlib import Path

from bitsim.agreement.arrays.compare import check
from bitsim.agreement.arrays.random import random_case
from bitsim.agreement.lists.compare import check_tops
from bitsim.agreement.lists.random import random_top_case
from bitsim.agreement.tally import Agreement

ROOT = Path(__file__).resolve().parents[2]
CASES = 40  # of a block
BLOCKS = 25
FIRST_SEED = {"arrays": 100, "tops": 200}


def check_arrays(seed: int, work: Path) -> Agreement:
    """Forty random machines."""
    return check((random_case(seed, index) for index in range(CASES)), work)


def check_accelerators(seed: int, work: Path) -> Agreement:
    """Forty random cases of accelerators with a bus."""
    return check_tops((random_top_case(seed, index) for index in range(CASES)), work)


CHECKS: dict[str, Callable[[int, Path], Agreement]] = {
    "arrays": check_arrays,
    "tops": check_accelerators,
}


def seeds(kind: str) -> range:
    """Of all blocks."""
    return range(FIRST_SEED[kind], FIRST_SEED[kind] + BLOCKS)


def sources() -> str:
    """A digest of everything that may change what is compared."""
    files = [*sorted((ROOT / "bitsim").rglob("*.py")), *sorted((ROOT / "rtl/bench").rglob("*.*"))]
    texts = [path.read_bytes() for path in files if path.is_file() and path.suffix != ".pyc"]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def block(kind: str, seed: int, work: Path) -> tuple[Agreement, float]:
    """One block, and its seconds; of its simulator only what all have in common is kept."""
    started = time.monotonic()
    own = work / str(os.getpid())
    found = CHECKS[kind](seed, own)
    for bench in own.glob("bench-*"):
        shutil.rmtree(bench)
    return found, time.monotonic() - started


def noted(journal: Path, digest: str) -> dict[int, Agreement]:
    """Blocks that agreed with the same sources, by seed."""
    lines = journal.read_text().splitlines() if journal.exists() else []
    entries = map(json.loads, lines)
    return {each["seed"]: Agreement(**each["found"]) for each in entries if each["of"] == digest}


def line(name: str, found: Agreement) -> str:
    """What was compared, and what differed."""
    counts = [(each.name, getattr(found, each.name)) for each in fields(found)]
    return f"{name}: " + ", ".join(
        f"{n} {what}" for what, n in counts if what not in ("differences", "failures")
    )


def main() -> int:
    """Exit status: 0 if all blocks agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=CHECKS)
    parser.add_argument("--jobs", type=int, default=2, help="blocks at a time")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "rtl")
    arguments = parser.parse_args()
    kind, work = arguments.kind, arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    journal, digest = work / f"thousand-{kind}.jsonl", sources()
    before = noted(journal, digest)
    total = Agreement()
    for found in before.values():
        total.add(found)
    if before:
        print(line(f"{len(before)} blocks of an earlier run", total), flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="thousand.", dir=work) as scratch,
        ProcessPoolExecutor(arguments.jobs) as pool,
        journal.open("a") as notes,
    ):
        missing = [seed for seed in seeds(kind) if seed not in before]
        running = {pool.submit(block, kind, seed, Path(scratch)): seed for seed in missing}
        for done, future in enumerate(as_completed(running), len(before) + 1):
            seed, (found, seconds) = running[future], future.result()
            total.add(found)
            print(line(f"{done} of {BLOCKS}, seed {seed}, {seconds:.0f} s", found), flush=True)
            for failure in found.failures:
                text = [f"{failure.case}:", *failure.differences, failure.reproduction]
                print("\n".join(text), flush=True)
            if found.agrees:
                entry = {"of": digest, "seed": seed, "found": asdict(found)}
                print(json.dumps(entry), file=notes, flush=True)
    print(line(f"{kind}, all", total))
    return int(not total.agrees)


if __name__ == "__main__":
    sys.exit(main())
