"""The default array, cycle by cycle with its values: our simulation against Verilator's.

One phase of the 2B model (gate or up: N = 13824, K = 2560, one vector), never stalled. Verilator
runs the committed bench at -O2, its clock in C under cocotb. Building, compiling and loading are
not counted on either side.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

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
from tests.bench.rows import Row, over, row
from tests.cases.arrays import ONE_BEAT

WORK = Path(__file__).resolve().parents[2] / "build" / "rtl"


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    array: DotSpec
    n: int
    k: int
    runs: int
    optimize: str


FULL = Size(load_accelerator(ACCELERATOR).array, n=13824, k=2560, runs=5, optimize="-O2")
TINY = Size(ONE_BEAT, n=6, k=8, runs=2, optimize="-O0")


def measure(size: Size) -> list[Row]:
    """Cycles a second of both."""
    spec = size.array
    rng = np.random.default_rng(0)
    job = Job(
        name="gate_up",
        weights=rng.integers(-1, 2, (size.n, size.k), dtype=np.int8),
        activations=rng.integers(-128, 128, (1, size.k), dtype=np.int8),
    )
    WORK.mkdir(parents=True, exist_ok=True)
    bench = build_bench([spec], WORK, size.optimize)
    verilator = verilator_rates(spec, job, bench, size.runs)
    ours = array_rates(spec, job, size.runs)
    name, unit = f"{spec.columns} x {spec.lanes}", "kcycles/s"
    return [
        row(f"array {name}, with values", unit, ours, "Verilator", verilator),
        row(f"Verilator {name}", unit, verilator),
    ]


def verilator_rates(spec: DotSpec, job: Job, bench: Path, runs: int) -> list[float]:
    """Thousands of cycles a second, in each run."""
    machine = Machine(spec, [job], ideal_schedules(spec, [job]))
    most_cycles = 100 + 2 * spec.tiling(job.phase).busy_cycles  # far more than it takes
    rounds = [Round([machine], most_cycles)] * runs
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        outcomes = replay(rounds, bench, Path(folder))
        walls_s = [float(path.read_text()) for path in Path(folder).glob("round_*/wall_s.txt")]
    for (outcome,) in outcomes:
        assert np.array_equal(outcome.phases[0].output, job.expected())
    return over(outcomes[0][0].phases[0].counts.cycles / 1e3, walls_s)


def array_rates(spec: DotSpec, job: Job, runs: int) -> list[float]:
    """The same of bitsim's own array simulation."""
    schedules = ideal_schedules(spec, [job])
    walls_s = []
    for _ in range(1 + runs):  # the first compiles
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
    return over(result.counts.cycles / 1e3, walls_s[1:])
