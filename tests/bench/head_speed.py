"""How fast the output head is: one token by the 2B model's table, bf16 and int8, and its decode.

The alternatives: reading the same bytes and doing nothing else, by one thread; the int8 head beside
the bf16 head; two threads against one; and a decoded token of the 2B shape with either head. The
best of several rounds, since other work on the machine only adds time; compilation is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.network.head import with_int8_head
from bitsim.reference.network.network import Network

RUNS = 25
DECODED = 12  # tokens; the best counts
PROMPT = np.arange(4)


def measure() -> list[dict[str, Any]]:
    """Rows for `run.py`: name, value, unit, alternative, ratio (ours over the alternative)."""
    own = load_network("bitnet-b1.58-2b-4t")
    int8 = with_int8_head(own)
    x = np.random.default_rng(0).normal(0, 1, (1, own.spec.hidden_size)).astype(np.float32)
    words = int8.head.codes.reshape(-1).view(np.uint64)
    before = numba.get_num_threads()
    found: dict[int, dict[str, float]] = {}
    try:
        for threads in sorted({1, min(2, before)}):
            numba.set_num_threads(threads)
            found[threads] = {
                "bf16": own.head.nbytes / best_s(lambda: own.head.logits(x)) / 1e9,
                "int8": int8.head.nbytes / best_s(lambda: int8.head.logits(x)) / 1e9,
                "own decode": 1 / decode_s(own),
                "int8 decode": 1 / decode_s(int8),
            }
        numba.set_num_threads(1)
        read = words.nbytes / best_s(lambda: total(words)) / 1e9
    finally:
        numba.set_num_threads(before)
    one, most = found[1], found[max(found)]
    half = own.head.nbytes / int8.head.nbytes  # as many times the bytes
    rows = [
        row("reference, int8 head, one token", one["int8"], "GB/s", f"reading, {read:.1f}", read),
        row("the same, in time", one["int8"], "GB/s", "bf16 head", one["bf16"] / half),
        row("decode, int8 head", one["int8 decode"], "tokens/s", "bf16 head", one["own decode"]),
    ]
    if len(found) > 1:
        rows += [
            row("int8 head, 2 threads", most["int8"], "GB/s", "one thread", one["int8"]),
            row(
                "decode, int8 head, 2 threads",
                most["int8 decode"],
                "tokens/s",
                "one thread",
                one["int8 decode"],
            ),
        ]
    return rows


def row(name: str, value: float, unit: str, alternative: str, other: float) -> dict[str, Any]:
    """One row for `run.py`; `other` in the unit of `value`."""
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "alternative": alternative,
        "ratio": value / other,
    }


@numba.njit
def total(words):
    """Sum of uint64, wrapping: every byte read once."""
    result = np.uint64(0)
    for word in words:
        result += word
    return result


def best_s(call: Callable[[], object]) -> float:
    """Seconds of the best of RUNS calls."""
    call()
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return min(took)


def decode_s(network: Network) -> float:
    """Seconds of the best of DECODED passes of one token behind a short prompt."""
    cache = network.empty_cache(PROMPT.size + DECODED + 1)
    network.forward(PROMPT, cache)
    token = np.array([7])
    network.forward(token, cache)
    took = []
    for _ in range(DECODED):
        began = time.perf_counter()
        network.forward(token, cache)
        took.append(time.perf_counter() - began)
    return min(took)
