"""How fast the reference multiplies: tokens through gate or up of the 2B model, one thread.

The alternatives: numpy's BLAS on the weights as f32, 16 times the bytes, with its own threads; the
portable path; and what this machine can do at most, measured in the same run: reading the packed
weights and doing nothing else, and `vpmaddubsw` with `vpaddw` on registers.
Several matrices in turn, more than caches hold. The best of RUNS rounds, since other work on the
machine only adds time; compilation is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from ceilings import ReadBandwidth, Threads, VpmaddubswPeak

from bitsim.reference.kernels import vectors
from bitsim.reference.kernels.product import portable as product_portable
from bitsim.reference.kernels.product.product import multiply
from bitsim.reference.tables import Bf16Table
from bitsim.spec import encoding
from bitsim.spec.ternary import TernaryMatrix

N, K = 6912, 2560
MATRICES = 16  # 71 MB
TOKENS = 128
RUNS = 9


def measure() -> list[dict[str, Any]]:
    """Rows for `run.py`: name, value, unit, alternative, ratio (ours over the alternative)."""
    rng = np.random.default_rng(0)
    packed = rng.integers(0, 256, (MATRICES, N, K // 4), dtype=np.uint8)
    packed &= ~(packed >> 1 & 0x55)  # no digit 3
    packed.flags.writeable = False
    matrices = [TernaryMatrix(name="gate", n=N, k=K, packed=codes, scale=1.0) for codes in packed]
    activations = rng.integers(-128, 128, (TOKENS, K), dtype=np.int8)
    one = activations[:1]
    wide = [encoding.unpack(codes, K, "2bit").astype(np.float32) for codes in packed[:2]]
    token = one[0].astype(np.float32)
    bits = packed.view(np.uint16).reshape(-1, K) & np.uint16(0xBFFF)  # no infinity, no NaN
    bits.flags.writeable = False
    table = Bf16Table(bits)

    def gmacs(tokens, *path):
        chosen = matrices if len(tokens) == 1 else matrices[:2]
        took = best_s([lambda m=m: multiply((m,), tokens, *path) for m in chosen])
        return N * K * len(tokens) / took / 1e9

    with Threads(1):
        bandwidth = ReadBandwidth()
        read = max(bandwidth() for _ in range(RUNS)) / 1e9
        decode = gmacs(one)
        decode_portable = gmacs(one, product_portable)
        prefill = gmacs(activations)
        prefill_portable = gmacs(activations, product_portable)
        peak = None
        if vectors.AVX2:
            registers = VpmaddubswPeak()
            peak = max(registers() for _ in range(RUNS)) / 1e9
        head = table.nbytes / best_s([lambda: table.logits(token[None])]) / 1e9
    blas = N * K / best_s([lambda w=w: w @ token for w in wide]) / 1e9

    name = "reference, ternary product, one token"
    many = f"reference, ternary product, {TOKENS} tokens"
    rows = [
        row(name, decode, "GMAC/s", "numpy f32 (BLAS)", blas),
        row(name, decode, "GMAC/s", "portable path", decode_portable),
        row(name, decode / 4, "GB/s", f"reading, {read:.1f} GB/s", read),
        row(many, prefill, "GMAC/s", "portable path", prefill_portable),
    ]
    if peak is not None:
        rows.append(row(many, prefill, "GMAC/s", f"vpmaddubsw, {peak:.0f} GMAC/s", peak))
    return [*rows, {"name": "reference, bf16 head", "value": head, "unit": "GB/s"}]


def row(name: str, value: float, unit: str, alternative: str, other: float) -> dict[str, Any]:
    """One row for `run.py`; `other` in the unit of `value`."""
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "alternative": alternative,
        "ratio": value / other,
    }


def best_s(calls: list[Callable[[], object]]) -> float:
    """Seconds of one call in the best of RUNS rounds through all."""
    calls[0]()
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        for call in calls:
            call()
        took.append(time.perf_counter() - began)
    return min(took) / len(calls)
