"""How fast the reference multiplies: tokens through gate or up of the 2B model, one thread.

The alternatives: numpy's BLAS on the weights as f32, 16 times the bytes, with its own threads; the
portable path; and what this machine can do at most, measured in the same run: reading the packed
weights and doing nothing else, and `vpmaddubsw` with `vpaddw` on registers.
Several matrices in turn, more than caches hold; compilation is left out.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bitsim.reference.kernels import vectors
from bitsim.reference.kernels.product import portable as product_portable
from bitsim.reference.kernels.product.product import multiply
from bitsim.reference.tables import Bf16Table
from bitsim.spec import encoding
from bitsim.spec.ternary import TernaryMatrix
from tests.bench.ceilings import ReadBandwidth, Threads, VpmaddubswPeak
from tests.bench.rows import Row, over, row, seconds_of


@dataclass(frozen=True)
class Size:
    """How much is measured; `read_bytes` and `blocks` for the ceilings."""

    n: int
    k: int
    matrices: int
    tokens: int
    runs: int
    read_bytes: int
    blocks: int


FULL = Size(6912, 2560, matrices=16, tokens=128, runs=9, read_bytes=200_000_000, blocks=1_000_000)
TINY = Size(64, 128, matrices=2, tokens=4, runs=2, read_bytes=80_000, blocks=1000)


def measure(size: Size) -> list[Row]:
    """One token and many, the head, and what they are held against."""
    rng, shape = np.random.default_rng(0), (size.matrices, size.n, size.k // 4)
    packed = rng.integers(0, 256, shape, dtype=np.uint8)
    packed &= ~(packed >> 1 & 0x55)  # no digit 3
    packed.flags.writeable = False
    matrices = [
        TernaryMatrix(name="gate", n=size.n, k=size.k, packed=codes, scale=1.0) for codes in packed
    ]
    activations = rng.integers(-128, 128, (size.tokens, size.k), dtype=np.int8)
    one = activations[:1]
    wide = [encoding.unpack(codes, size.k, "2bit").astype(np.float32) for codes in packed[:2]]
    token = one[0].astype(np.float32)
    bits = packed.view(np.uint16).reshape(-1, size.k) & np.uint16(0xBFFF)  # no infinity, no NaN
    bits.flags.writeable = False
    table = Bf16Table(bits)

    def each_s(calls: list[Callable[[], object]]) -> list[float]:
        """Seconds of one call, in each of several rounds through all."""
        rounds = seconds_of(lambda: [call() for call in calls], size.runs)
        return [seconds / len(calls) for seconds in rounds]

    def gmacs(tokens, *path) -> list[float]:
        chosen = matrices if len(tokens) == 1 else matrices[:2]
        took = each_s([lambda m=m: multiply((m,), tokens, *path) for m in chosen])
        return over(size.n * size.k * len(tokens) / 1e9, took)

    with Threads(1):
        bandwidth = ReadBandwidth(size.read_bytes)
        read = [bandwidth() / 1e9 for _ in range(size.runs)]
        decode = gmacs(one)
        decode_portable = gmacs(one, product_portable)
        prefill = gmacs(activations)
        prefill_portable = gmacs(activations, product_portable)
        peak = None
        if vectors.AVX2:
            registers = VpmaddubswPeak(size.blocks)
            peak = [registers() / 1e9 for _ in range(size.runs)]
        head = over(table.nbytes / 1e9, each_s([lambda: table.logits(token[None])]))
    blas = over(size.n * size.k / 1e9, each_s([lambda w=w: w @ token for w in wide]))

    name = "reference, ternary product, one token"
    many = f"reference, ternary product, {size.tokens} tokens"
    bytes_read = [macs / 4 for macs in decode]
    rows = [
        row(name, "GMAC/s", decode, "numpy f32 (BLAS)", blas),
        row(name, "GMAC/s", decode, "portable path", decode_portable),
        row(name, "GB/s", bytes_read, f"reading, {statistics.median(read):.1f} GB/s", read),
        row(many, "GMAC/s", prefill, "portable path", prefill_portable),
    ]
    if peak is not None:
        most = f"vpmaddubsw, {statistics.median(peak):.0f} GMAC/s"
        rows.append(row(many, "GMAC/s", prefill, most, peak))
    return [*rows, row("reference, bf16 head", "GB/s", head)]
