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
from pathlib import Path
from typing import Any

from bitsim.reference.checkpoints.make import plan_checkpoint, write_checkpoint
from bitsim.reference.memory import network_bytes
from bitsim.spec import catalog

NETWORK = "bitnet-b1.58-2b-4t"
PROGRAM = "import sys; from bitsim.cli import main; sys.exit(main())"
IDS = "1,2,3"
RUNS = 5
CHUNK_BYTES = 1 << 24
BESIDES_BYTES = 300_000_000
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"  # would have every start compile what it imports


def measure() -> list[dict[str, Any]]:
    """Rows for `run.py`: name, value, unit, alternative, ratio (ours over the alternative)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "packed"
        write_checkpoint(plan_checkpoint(NETWORK, 0, folder))
        argv = [sys.executable, "-c", PROGRAM, "logits", "--network", str(folder), "--ids", IDS]
        argv += ["--out", str(Path(name) / "logits")]
        started(argv)
        runs = [started(argv) for _ in range(RUNS)]
        reading = min(read_s(folder / "model.safetensors") for _ in range(RUNS))
        bares = [started([sys.executable, "-c", "import numba"]) for _ in range(RUNS)]
    took, busy, _ = (min(each) for each in zip(*runs, strict=True))
    peak = max(peak_bytes for _, _, peak_bytes in runs)
    bare, bare_busy, _ = (min(each) for each in zip(*bares, strict=True))
    spec = catalog.load_network_spec(NETWORK)
    cache_bytes = 2 * 4 * spec.layers * spec.kv_size * len(IDS.split(","))
    allowed = network_bytes(spec) + cache_bytes + BESIDES_BYTES
    start = f"start to first logits, packed 2B, {len(IDS.split(','))} ids"
    return [
        row(start, took * 1e3, "ms", f"reading the file, {reading * 1e3:.0f} ms", reading * 1e3),
        row(start, took * 1e3, "ms", f"`import numba`, {bare * 1e3:.0f} ms", bare * 1e3),
        row(
            "processor time of that",
            busy * 1e3,
            "ms",
            f"`import numba`, {bare_busy * 1e3:.0f} ms",
            bare_busy * 1e3,
        ),
        row(
            "peak resident memory of that",
            peak / 1e6,
            "MB",
            f"weights + cache + 300 MB, {allowed / 1e6:.0f} MB",
            allowed / 1e6,
        ),
    ]


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


def read_s(path: Path) -> float:
    """Seconds to read a file once."""
    buffer = bytearray(CHUNK_BYTES)
    began = time.perf_counter()
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    return time.perf_counter() - began


def row(name: str, value: float, unit: str, alternative: str, other: float) -> dict[str, Any]:
    """One row for `run.py`; `other` in the unit of `value`."""
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "alternative": alternative,
        "ratio": value / other,
    }
