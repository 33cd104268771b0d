"""Whole tokens through the 2B shape, beside what the machine can do at most in the same round.

A synthetic network, 1.2 GB, and caches for 4096 tokens, 1.3 GB; the weights' values change no
speed. Decoding is bound by memory: its ceiling is the bytes that a token moves (ternary codes at
2 bits, the bf16 head, keys and values in f32) over the read bandwidth. Prefill is bound by the
product: its ceiling is the peak of `vpmaddubsw`. A ratio is one within a round, since other work on
the machine comes and goes.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import numba
import numpy as np

from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.kernels import vectors
from bitsim.reference.kernels.product.product import exact_product
from bitsim.reference.network.attention import KVCache
from bitsim.reference.network.network import Network
from tests.bench.ceilings import ReadBandwidth, Threads, VpmaddubswPeak
from tests.bench.rows import Row, one_s, row

KV_BYTES = 4  # f32


@dataclass(frozen=True)
class Size:
    """How much is measured: tokens of a round, context of a decoded one, and the ceilings' work."""

    network: str
    rounds: int
    decoded: int
    prefilled: int
    short: int
    read_bytes: int
    blocks: int


FULL = Size("bitnet-b1.58-2b-4t", 7, decoded=4, prefilled=128, short=100,
            read_bytes=200_000_000, blocks=1_000_000)  # fmt: skip
TINY = Size("small", 2, decoded=1, prefilled=4, short=2, read_bytes=80_000, blocks=1000)


def measure(size: Size) -> list[Row]:
    """Decode and prefill, on one thread and on two."""
    network = load_network(size.network, seed=0)
    cache = network.empty_cache(network.spec.max_context)
    threads = [1, 2] if numba.config.NUMBA_NUM_THREADS >= 2 else [1]
    bench = Bench(network, cache, size)
    rounds = []
    for _ in range(1 + size.rounds):
        figures: dict[str, float] = {}
        for count in threads:
            with Threads(count):
                figures |= {f"{name}/{count}": value for name, value in bench.round().items()}
        rounds.append(figures)
    return rows(rounds[1:], threads, size)  # the first compiles


class Bench:
    """One network and what it is measured against."""

    def __init__(self, network: Network, cache: KVCache, size: Size) -> None:
        self.network, self.cache, self.size = network, cache, size
        self.read = ReadBandwidth(size.read_bytes)
        self.peak = VpmaddubswPeak(size.blocks) if vectors.AVX2 else None

    def round(self) -> dict[str, float]:
        """Rates a second of everything, on the threads that are set."""
        context = self.network.spec.max_context
        read = self.read()
        figures = {
            "decode": 1 / self.decode_s(self.size.short),
            "decode ceiling": read / self.token_bytes(self.size.short),
            "long decode": 1 / self.decode_s(context - 1),
            "long decode ceiling": read / self.token_bytes(context),
        }
        if self.peak:
            figures |= self.prefill() | {"peak": self.peak()}
        return figures

    def decode_s(self, context: int) -> float:
        """Seconds of one token after `context` others."""
        token = np.array([5])

        def one() -> None:
            self.cache.length = context
            self.network.forward(token, self.cache)

        return statistics.median(one_s(one) for _ in range(self.size.decoded))

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
        """Multiply-adds a second of the prompt's tokens: of the ternary products, of the whole."""
        spec, spent_s, prefilled = self.network.spec, 0.0, self.size.prefilled

        def product(event):
            nonlocal spent_s
            start_s = time.perf_counter()
            sums = exact_product(event)
            spent_s += time.perf_counter() - start_s
            return sums

        self.cache.length = 0
        ids = np.arange(prefilled) % spec.vocab_size
        whole_s = one_s(lambda: self.network.forward(ids, self.cache, product))
        ternary = spec.ternary_weights * prefilled
        pairs = prefilled * (prefilled + 1) // 2
        attention = 2 * spec.layers * spec.hidden_size * pairs
        return {"ternary": ternary / spent_s, "whole": (ternary + attention) / whole_s}


def rows(rounds: list[dict[str, float]], threads: list[int], size: Size) -> list[Row]:
    """The table."""

    def line(name: str, ours: str, other: str, alternative: str, unit: float = 1) -> Row:
        return row(
            f"{size.network}, {name}",
            "token/s" if unit == 1 else "GMAC/s",
            [each[ours] / unit for each in rounds],
            alternative,
            [each[other] / unit for each in rounds],
        )

    def bound(name: str, key: str, count: int) -> Row:
        ceiling = statistics.median(each[f"{key} ceiling/{count}"] for each in rounds)
        alternative = f"bytes / read bandwidth, {ceiling:.1f} token/s"
        return line(name, f"{key}/{count}", f"{key} ceiling/{count}", alternative)

    table = []
    for count in threads:
        on = f"{count} thread{'s' * (count > 1)}"
        table += [
            bound(f"decode, bf16 head, {on}", "decode", count),
            bound(f"decode at the longest context, {on}", "long decode", count),
        ]
        peaks = [each[f"peak/{count}"] for each in rounds if f"peak/{count}" in each]
        if peaks:
            beside = f"vpmaddubsw, {statistics.median(peaks) / 1e9:.0f} GMAC/s"
            prefill = f"prefill of {size.prefilled}"
            table += [
                line(f"{prefill}, {part}, {on}", f"{key}/{count}", f"peak/{count}", beside, 1e9)
                for key, part in (("ternary", "products"), ("whole", "whole pass"))
            ]
    if 2 in threads:
        for key, name in (("decode", "decode"), ("decode ceiling", "read bandwidth")):
            table.append(line(f"{name}, 2 threads over 1", f"{key}/2", f"{key}/1", "on 1 thread"))
    return table
