"""Many machines simulated, and the best of them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from bitsim import arguments
from bitsim.callbacks import Progress, Say
from bitsim.spec.catalog import Named
from bitsim.sweeps import Sweep, SweepResult, load_sweep, run_sweep


def explore(
    sweep: Named | Sweep,
    *,
    out: str | Path | None = None,
    workers: int | None = None,
    say: Say | None = None,
    progress: Progress | None = None,
) -> SweepResult:
    """Simulate every design of a sweep.

    sweep     name, path or object
    out       folder that keeps finished designs, so that a later call goes on; None keeps nothing
    workers   processes; None takes one for each core. The result does not depend on it
    say       called with what a person wants to know
    progress  called with how many designs of how many are done
    """
    loaded = load_sweep(sweep)
    count = arguments.whole("workers", (os.cpu_count() or 1) if workers is None else workers)
    with tempfile.TemporaryDirectory(prefix="bitsim-explore.") as scratch:
        folder = arguments.folder("out", scratch if out is None else out)
        return run_sweep(loaded, count, folder / f"{loaded.name}.sqlite", say, progress)
