"""The default array, cycle by cycle with its values: our simulation against Verilator's.

One phase of the 2B model (gate or up: N = 13824, K = 2560, one vector), never stalled. Verilator
runs the committed bench at -O2, its clock in C under cocotb. Building, compiling and loading are
not counted on either side; medians of several runs.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bitsim.agreement.arrays.arrivals import ideal_schedules
from bitsim.array import make_array
from bitsim.array.protocol import NEVER, STREAMS
from bitsim.array.replay import matrix_of
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.catalog import load_accelerator
from bitsim.spec.defaults import ACCELERATOR
from bitsim.trace.job import Job
from bitsim.verilated.arrays.replay import Machine, Round, build_bench, replay

WORK = Path(__file__).resolve().parents[2] / "build" / "rtl"
N, K = 13824, 2560
RUNS = 3


def measure() -> list[dict[str, Any]]:
    """Rows for `run.py`: name, value, unit, alternative, ratio (ours over the alternative)."""
    spec = load_accelerator(ACCELERATOR).array
    rng = np.random.default_rng(0)
    job = Job(
        name="gate_up",
        weights=rng.integers(-1, 2, (N, K), dtype=np.int8),
        activations=rng.integers(-128, 128, (1, K), dtype=np.int8),
    )
    start_s = time.perf_counter()
    bench = build_bench([spec], WORK, "-O2")
    build_s = time.perf_counter() - start_s
    verilator = verilator_cycles_per_s(spec, job, bench)
    ours = array_cycles_per_s(spec, job)
    size = f"{spec.columns} x {spec.lanes}"
    return [
        {
            "name": f"array {size}, with values",
            "value": ours / 1e3,
            "unit": "kcycles/s",
            "alternative": "Verilator",
            "ratio": ours / verilator,
        },
        {"name": f"Verilator {size}", "value": verilator / 1e3, "unit": "kcycles/s"},
        {"name": f"Verilator {size}, build (0: was there)", "value": build_s, "unit": "s"},
    ]


def verilator_cycles_per_s(spec: DotSpec, job: Job, bench: Path) -> float:
    """RUN cycles a second."""
    machine = Machine(spec, [job], ideal_schedules(spec, [job]))
    busy = spec.tiling(job.phase).busy_cycles
    rounds = [Round([machine], most_cycles=2 * busy)] * RUNS
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        outcomes = replay(rounds, bench, Path(folder))
        walls_s = [float(path.read_text()) for path in Path(folder).glob("round_*/wall_s.txt")]
    for (outcome,) in outcomes:
        assert np.array_equal(outcome.phases[0].output, job.expected())
    return outcomes[0][0].phases[0].counts.cycles / statistics.median(walls_s)


def array_cycles_per_s(spec: DotSpec, job: Job) -> float:
    """The same of bitsim's own array simulation."""
    schedules = ideal_schedules(spec, [job])
    walls_s = []
    for _ in range(1 + RUNS):  # the first compiles
        array = make_array(spec, values=True)
        image = array.image([matrix_of(job)])
        array.offer_weights(schedules.weights)
        array.offer_activations(schedules.activations)
        array.take_results(schedules.results)
        for stream in STREAMS:
            array.silence(stream, NEVER)
        array.begin(job.phase, 0, image, job.activations)
        start_s = time.perf_counter()
        array.advance()
        walls_s.append(time.perf_counter() - start_s)
        result = array.result()
        assert np.array_equal(result.output, job.expected())
    return result.counts.cycles / statistics.median(walls_s[1:])
