"""From the start of a process to the first logits of a packed 2B file: its time and its memory.

The file has synthetic weights, is made here (1.2 GB in a temporary folder) and is in the page
cache; kernels are compiled before. The alternatives: reading the file once and doing nothing else;
importing numba and doing nothing else; and what one copy of the weights takes with 300 MB for all
that is no weight.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bitsim.reference.checkpoints.make import plan_checkpoint, write_checkpoint
from bitsim.reference.memory import network_bytes
from bitsim.spec import catalog
from tests.bench.rows import Row, one_s, row

PROGRAM = "import sys; from bitsim.cli import main; sys.exit(main())"
IDS = "1,2,3"
CHUNK_BYTES = 1 << 24
BESIDES_BYTES = 300_000_000
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"  # would have every start compile what it imports


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    network: str
    runs: int


FULL = Size("bitnet-b1.58-2b-4t", runs=5)
TINY = Size("small", runs=2)


def measure(size: Size) -> list[Row]:
    """Milliseconds and megabytes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "packed"
        write_checkpoint(plan_checkpoint(size.network, 0, folder))
        argv = [sys.executable, "-c", PROGRAM, "logits", "--network", str(folder), "--ids", IDS]
        argv += ["--out", str(Path(name) / "logits")]
        started(argv)
        runs = [started(argv) for _ in range(size.runs)]
        reading = [one_s(lambda: read(folder / "model.safetensors")) for _ in runs]
        bares = [started([sys.executable, "-c", "import numba"]) for _ in runs]
    spec = catalog.load_network_spec(size.network)
    cache_bytes = 2 * 4 * spec.layers * spec.kv_size * len(IDS.split(","))
    allowed = network_bytes(spec) + cache_bytes + BESIDES_BYTES
    start = f"start to first logits, {len(IDS.split(','))} ids"
    took, busy, peaks = zip(*runs, strict=True)
    bare, bare_busy, _ = zip(*bares, strict=True)
    return [
        row(start, "ms", thousands(took), "reading the file", thousands(reading)),
        row(start, "ms", thousands(took), "`import numba`", thousands(bare)),
        row(
            "processor time of that",
            "ms",
            thousands(busy),
            "`import numba`",
            thousands(bare_busy),
        ),
        row(
            "peak resident memory of that",
            "MB",
            [peak / 1e6 for peak in peaks],
            f"weights + cache + 300 MB, {allowed / 1e6:.0f} MB",
            [allowed / 1e6] * len(peaks),
        ),
    ]


def thousands(seconds: tuple[float, ...] | list[float]) -> list[float]:
    """The same in ms."""
    return [1e3 * each for each in seconds]


def started(argv: list[str]) -> tuple[float, float, int]:
    """Seconds of the clock and of the processors, and peak resident bytes, of a process.

    The kernel counts what this process holds when it makes the other one, which is less.
    """
    environment = {key: value for key, value in os.environ.items() if key != NO_BYTECODE}
    began = time.perf_counter()
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, env=environment) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    assert process.returncode == 0, argv
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def read(path: Path) -> None:
    """A file once."""
    buffer = bytearray(CHUNK_BYTES)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
