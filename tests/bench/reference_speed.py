"""How fast the reference multiplies: one token through gate or up of the 2B model, one thread.

The alternative is numpy's BLAS on the weights as f32, 16 times the bytes, with its own threads.
Several matrices in turn, more than caches hold. Medians; compilation is left out.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from bitsim.reference import floats
from bitsim.reference.product import multiply
from bitsim.spec.ternary import TernaryMatrix

N, K = 6912, 2560
MATRICES = 8
RUNS = 5


def measure() -> list[dict[str, Any]]:
    """Rows for `run.py`: name, value, unit, alternative, ratio (ours over the alternative)."""
    rng = np.random.default_rng(0)
    digits = rng.integers(0, 3, (MATRICES, N, K // 4, 4), dtype=np.uint8)
    packed = (digits << np.array([0, 2, 4, 6], np.uint8)).sum(axis=-1, dtype=np.uint8)
    packed.flags.writeable = False
    matrices = [TernaryMatrix(name="gate", n=N, k=K, packed=codes, scale=1.0) for codes in packed]
    activations = rng.integers(-128, 128, (1, K), dtype=np.int8)
    wide = [(each.reshape(N, K).astype(np.float32) - 1) for each in digits[:2]]
    token = activations[0].astype(np.float32)
    table = packed.view(np.uint16).reshape(-1, K) & np.uint16(0xBFFF)  # no infinity, no NaN
    table.flags.writeable = False

    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        ours = N * K / median_s([lambda m=m: multiply((m,), activations) for m in matrices]) / 1e9
        head = table.nbytes / median_s([lambda: floats.head(table, token[None])]) / 1e9
    finally:
        numba.set_num_threads(threads)
    blas = N * K / median_s([lambda w=w: w @ token for w in wide]) / 1e9
    return [
        {
            "name": "reference, ternary product, one token",
            "value": ours,
            "unit": "GMAC/s",
            "alternative": "numpy f32 (BLAS)",
            "ratio": ours / blas,
        },
        {"name": "reference, bf16 head", "value": head, "unit": "GB/s"},
    ]


def median_s(calls: list[Callable[[], object]]) -> float:
    """Seconds of one call, the median over RUNS rounds through all."""
    calls[0]()
    took = []
    for _ in range(RUNS):
        for call in calls:
            began = time.perf_counter()
            call()
            took.append(time.perf_counter() - began)
    return statistics.median(took)
