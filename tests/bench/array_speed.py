"""How fast the array is simulated: one phase of the 2B model (gate or up: N = 13824, K = 2560).

One thread. Medians of several runs; compilation and the making of inputs are left out.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bitsim.array.dot.model import DotArray
from bitsim.array.protocol import NEVER, STREAMS
from bitsim.array.replay import matrix_of
from bitsim.spec import encoding
from bitsim.spec.array.dot import DotSpec
from bitsim.trace.job import Job

N, K = 13824, 2560
RUNS = 7


def measure() -> list[dict[str, Any]]:
    """Rows for `run.py`: name, value, unit, alternative, ratio (ours over the alternative)."""
    rng = np.random.default_rng(0)
    job = Job(
        name="gate_up",
        weights=rng.integers(-1, 2, (N, K)).astype(np.int8),
        activations=rng.integers(-128, 128, (1, K)).astype(np.int8),
    )
    return [row for spec in machines() for row in rows(spec, job)]


def machines() -> list[DotSpec]:
    """The default array, and the one that facts about RTL simulators are known for."""
    common = {
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


def rows(spec: DotSpec, job: Job) -> list[dict[str, Any]]:
    """One machine's figures."""
    name = f"array {spec.columns} x {spec.lanes}"
    matrix = matrix_of(job)
    image = DotArray(spec, values=True).image([matrix])
    beats = spec.tiling(job.phase).weight_beats
    at_once = np.zeros(beats, np.int64)
    # One beat in 1.22 cycles: 0.82 of what the lanes take, as of a DRAM channel.
    starved = np.arange(beats) * 100 // 82
    spread = starved + np.arange(spec.columns)[:, None]

    def phase_s(values: bool, arrivals: Any, leap: bool = True) -> tuple[float, int]:
        cycles = 0

        def once() -> float:
            nonlocal cycles
            array = DotArray(spec, values=values, leap=leap)
            array.offer_weights(arrivals)
            array.offer_activations(np.zeros(beats, np.int64))
            array.take_results(np.zeros(beats, np.int64))
            for stream in STREAMS:
                array.silence(stream, NEVER)
            array.begin(job.phase, 0, image, job.activations)
            start_s = time.perf_counter()
            array.advance()
            spent_s = time.perf_counter() - start_s
            cycles = array.result().counts.cycles
            return spent_s

        once()  # compiles
        return statistics.median(once() for _ in range(RUNS)), cycles

    valued_s, cycles = phase_s(True, at_once)
    timing_s, _ = phase_s(False, at_once)
    starved_s, starved_cycles = phase_s(False, starved)
    spread_s, spread_cycles = phase_s(False, spread)

    # The same products by BLAS, exact in float32 since every sum is below 2**24; it counts nothing.
    weights, activations = job.weights.astype(np.float32), job.activations[0].astype(np.float32)
    blas_s = median_s(lambda: weights @ activations)
    image_s = median_s(lambda: DotArray(spec, values=True).image([matrix]))
    oracle_s = median_s(
        lambda: encoding.weight_image(job.weights, spec.columns, spec.lanes, spec.weight_packing),
        runs=3,
    )
    with_values = "with values"
    return [
        row(f"{name}, {with_values}", cycles / valued_s / 1e6, "Mcycles/s"),
        row(
            f"{name}, {with_values}, products and their counts",
            spec.peak_products * beats / valued_s / 1e9,
            "Gproducts/s",
            "numpy float32 matvec, products alone",
            blas_s / valued_s,
        ),
        row(
            f"{name}, timing alone",
            cycles / timing_s / 1e6,
            "Mcycles/s",
            with_values,
            valued_s / timing_s,
        ),
        row(
            f"{name}, timing alone, weights at 82 %",
            starved_cycles / starved_s / 1e6,
            "Mcycles/s",
        ),
        row(
            f"{name}, timing alone, columns apart",
            spread_cycles / spread_s / 1e6,
            "Mcycles/s",
        ),
        row(
            f"{name}, weight image",
            N * K / image_s / 1e6,
            "Mweights/s",
            "spec.encoding.weight_image",
            oracle_s / image_s,
        ),
    ]


def median_s(work: Callable[[], object], runs: int = RUNS) -> float:
    """Wall time of one call, after one that is not counted."""
    work()
    spent_s = []
    for _ in range(runs):
        start_s = time.perf_counter()
        work()
        spent_s.append(time.perf_counter() - start_s)
    return statistics.median(spent_s)


def row(
    name: str, value: float, unit: str, alternative: str | None = None, ratio: float | None = None
) -> dict[str, Any]:
    """One line of the table."""
    return {"name": name, "value": value, "unit": unit, "alternative": alternative, "ratio": ratio}
