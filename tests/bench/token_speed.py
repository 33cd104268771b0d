"""Whole tokens through the 2B shape, beside what the machine can do at most in the same round.

A synthetic network, 1.2 GB, and caches for 4096 tokens, 1.3 GB; the weights' values change no
speed. Decoding is bound by memory: its ceiling is the bytes that a token moves (ternary codes at
2 bits, the bf16 head, keys and values in f32) over the read bandwidth. Prefill is bound by the
product: its ceiling is the peak of `vpmaddubsw`. Each figure is a median of ROUNDS rounds, and its
ratio the median of the ratios within rounds, since other work on the machine comes and goes.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numba
import numpy as np
from ceilings import ReadBandwidth, Threads, VpmaddubswPeak, seconds

from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.kernels import vectors
from bitsim.reference.kernels.product.product import exact_product
from bitsim.reference.network.attention import KVCache
from bitsim.reference.network.network import Network

ROUNDS = 7
DECODED = 4  # tokens in a round
PREFILLED = 128
SHORT = 100  # context of a decoded token
KV_BYTES = 4  # f32

Row = dict[str, Any]


def measure() -> list[Row]:
    """Rows for `run.py`: name, value, unit, alternative, ratio (ours over the alternative)."""
    network = load_network("bitnet-b1.58-2b-4t", seed=0)
    cache = network.empty_cache(network.spec.max_context)
    threads = [1, 2] if numba.config.NUMBA_NUM_THREADS >= 2 else [1]
    bench = Bench(network, cache)
    rounds = []
    for _ in range(1 + ROUNDS):
        figures: dict[str, float] = {}
        for count in threads:
            with Threads(count):
                figures |= {f"{name}/{count}": value for name, value in bench.round().items()}
        rounds.append(figures)
    return rows(rounds[1:], threads)  # the first compiles


class Bench:
    """One network and what it is measured against."""

    def __init__(self, network: Network, cache: KVCache) -> None:
        self.network, self.cache = network, cache
        self.read = ReadBandwidth()
        self.peak = VpmaddubswPeak() if vectors.AVX2 else None

    def round(self) -> dict[str, float]:
        """Rates a second of everything, on the threads that are set."""
        context = self.network.spec.max_context
        read = self.read()
        figures = {
            "decode": 1 / self.decode_s(SHORT),
            "decode ceiling": read / self.token_bytes(SHORT),
            "long decode": 1 / self.decode_s(context - 1),
            "long decode ceiling": read / self.token_bytes(context),
        }
        if self.peak:
            figures |= self.prefill() | {"peak": self.peak()}
        return figures

    def decode_s(self, context: int) -> float:
        """Seconds of one token behind `context` others."""
        token = np.array([5])

        def one() -> None:
            self.cache.length = context
            self.network.forward(token, self.cache)

        return statistics.median(seconds(one) for _ in range(DECODED))

    def token_bytes(self, context: int) -> int:
        """Read for one token: codes, head, keys and values."""
        spec = self.network.spec
        codes = sum(
            matrix.packed.nbytes
            for layer in self.network.layers
            for matrices in layer.products
            for matrix in matrices
        )
        return (
            codes + self.network.head.nbytes + 2 * spec.layers * spec.kv_size * context * KV_BYTES
        )

    def prefill(self) -> dict[str, float]:
        """Multiply-adds a second of PREFILLED tokens: of the ternary products, of the whole."""
        spec, spent_s = self.network.spec, 0.0

        def product(event):
            nonlocal spent_s
            start_s = time.perf_counter()
            sums = exact_product(event)
            spent_s += time.perf_counter() - start_s
            return sums

        self.cache.length = 0
        ids = np.arange(PREFILLED) % spec.vocab_size
        whole_s = seconds(lambda: self.network.forward(ids, self.cache, product))
        ternary = spec.ternary_weights * PREFILLED
        pairs = PREFILLED * (PREFILLED + 1) // 2
        attention = 2 * spec.layers * spec.hidden_size * pairs
        return {"ternary": ternary / spent_s, "whole": (ternary + attention) / whole_s}


def rows(rounds: list[dict[str, float]], threads: list[int]) -> list[Row]:
    """The table."""

    def row(name: str, ours: str, other: str, alternative: str, unit: float) -> Row:
        return {
            "name": f"2B shape, {name}",
            "value": statistics.median(each[ours] for each in rounds) / unit,
            "unit": "token/s" if unit == 1 else "GMAC/s",
            "alternative": alternative,
            "ratio": statistics.median(each[ours] / each[other] for each in rounds),
        }

    def bound(name: str, key: str, count: int) -> Row:
        ceiling = statistics.median(each[f"{key} ceiling/{count}"] for each in rounds)
        alternative = f"bytes / read bandwidth, {ceiling:.1f} token/s"
        return row(name, f"{key}/{count}", f"{key} ceiling/{count}", alternative, 1)

    table = []
    for count in threads:
        on = f"{count} thread{'s' * (count > 1)}"
        table += [
            bound(f"decode, bf16 head, {on}", "decode", count),
            bound(f"decode at context 4096, {on}", "long decode", count),
        ]
        if f"peak/{count}" in rounds[0]:
            peak = statistics.median(each[f"peak/{count}"] for each in rounds) / 1e9
            beside = f"vpmaddubsw, {peak:.0f} GMAC/s"
            table += [
                row(
                    f"prefill of {PREFILLED}, {part}, {on}",
                    f"{key}/{count}",
                    f"peak/{count}",
                    beside,
                    1e9,
                )
                for key, part in (("ternary", "products"), ("whole", "whole pass"))
            ]
    if 2 in threads:
        for key, name in (("decode", "decode"), ("decode ceiling", "read bandwidth")):
            table.append(row(f"{name}, 2 threads over 1", f"{key}/2", f"{key}/1", "on 1 thread", 1))
    return table
