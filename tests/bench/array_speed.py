"""How fast the array is simulated: one phase of the 2B model (gate or up: N = 13824, K = 2560).

One thread; compilation and the making of inputs are left out.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from bitsim.array.dot.model import DotArray
from bitsim.array.protocol import NEVER, STREAMS
from bitsim.array.replay import matrix_of
from bitsim.spec import encoding
from bitsim.spec.array.dot import DotSpec
from bitsim.trace.job import Job
from tests.bench.rows import Row, over, row, seconds_of


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    n: int
    k: int
    runs: int


FULL = Size(n=13824, k=2560, runs=7)
TINY = Size(n=64, k=80, runs=2)


def measure(size: Size) -> list[Row]:
    """Every figure of both machines."""
    rng = np.random.default_rng(0)
    job = Job(
        name="gate_up",
        weights=rng.integers(-1, 2, (size.n, size.k)).astype(np.int8),
        activations=rng.integers(-128, 128, (1, size.k)).astype(np.int8),
    )
    return [row for spec in machines() for row in rows(spec, job, size.runs)]


def machines() -> list[DotSpec]:
    """The default array, and the one that facts about RTL simulators are known for."""
    common: dict[str, Any] = {
        "dataflow": "dot",
        "slices": 1,
        "hold": 4,
        "tree_stages": 2,
        "accumulator_bits": 21,
        "max_k": 8190,
        "weight_fifo_beats": 16,
        "activation_buffer_beats": 1024,
        "result_fifo_beats": 4,
        "skip": "gate",
    }
    return [
        DotSpec(columns=16, lanes=40, weight_packing="base3", **common),
        DotSpec(columns=32, lanes=32, weight_packing="2bit", **common | {"max_k": 8192 - 32}),
    ]


def rows(spec: DotSpec, job: Job, runs: int) -> list[Row]:
    """One machine's figures."""
    name = f"array {spec.columns} x {spec.lanes}"
    matrix = matrix_of(job)
    beats = spec.tiling(job.phase).weight_beats
    at_once = np.zeros(beats, np.int64)
    # One beat in 1.22 cycles: 0.82 of what the lanes take, as of a DRAM channel.
    starved = np.arange(beats) * 100 // 82
    spread = starved + np.arange(spec.columns)[:, None]

    def phases(values: bool, arrivals: Any) -> tuple[list[float], int]:
        """Seconds of each run, and the cycles of one."""
        image = DotArray(spec, values=True).image([matrix]) if values else None
        cycles = 0

        def once() -> float:
            nonlocal cycles
            array = DotArray(spec, values=values)
            array.offer_weights(arrivals)
            array.offer_activations(np.zeros(beats, np.int64))
            array.take_results(np.zeros(beats, np.int64))
            for stream in STREAMS:
                array.silence(stream, NEVER)
            array.begin(job.phase, 0, image, job.activations if values else None)
            start_s = time.perf_counter()
            array.advance()
            spent_s = time.perf_counter() - start_s
            cycles = array.result().counts.cycles
            return spent_s

        once()  # compiles
        return [once() for _ in range(runs)], cycles

    valued_s, cycles = phases(True, at_once)
    timing_s, _ = phases(False, at_once)
    starved_s, starved_cycles = phases(False, starved)
    spread_s, spread_cycles = phases(False, spread)

    # The same products by BLAS, exact in float32 since every sum is below 2**24; it counts nothing.
    weights, activations = job.weights.astype(np.float32), job.activations[0].astype(np.float32)
    blas_s = seconds_of(lambda: weights @ activations, runs)
    image_s = seconds_of(lambda: DotArray(spec, values=True).image([matrix]), runs)
    oracle_s = seconds_of(
        lambda: encoding.weight_image(job.weights, spec.columns, spec.lanes, spec.weight_packing),
        runs,
    )
    products, timing = spec.peak_products * beats / 1e9, f"{name}, timing alone"
    valued, unit = over(cycles / 1e6, valued_s), "Mcycles/s"
    return [
        row(f"{name}, with values", unit, valued),
        row(
            f"{name}, with values, products and their counts",
            "Gproducts/s",
            over(products, valued_s),
            "numpy float32 matvec, products alone",
            over(products, blas_s),
        ),
        row(timing, unit, over(cycles / 1e6, timing_s), "with values", valued),
        row(f"{timing}, weights at 82 %", unit, over(starved_cycles / 1e6, starved_s)),
        row(f"{timing}, columns apart", unit, over(spread_cycles / 1e6, spread_s)),
        row(
            f"{name}, weight image",
            "Mweights/s",
            over(job.weights.size / 1e6, image_s),
            "spec.encoding.weight_image",
            over(job.weights.size / 1e6, oracle_s),
        ),
    ]
