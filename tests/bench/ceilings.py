"""What this machine can do at most, measured: reading memory, and `vpmaddubsw` on registers."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import binding, ir
from numba.extending import intrinsic

from bitsim.reference.kernels import vectors
from tests.bench.rows import one_s

PAIRS = 12  # of vpmaddubsw and vpaddw in a block

binding.initialize_native_asmparser()  # for `_block`; numba itself needs none


class Threads:
    """`with Threads(2):` kernels run on two."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __enter__(self) -> None:
        self.before = numba.get_num_threads()
        numba.set_num_threads(self.count)

    def __exit__(self, *error: object) -> None:
        numba.set_num_threads(self.before)


class ReadBandwidth:
    """Every byte of `size_bytes` once, each thread in one run, with nothing else to do.

    size_bytes  many times what caches hold
    """

    def __init__(self, size_bytes: int) -> None:
        self.words = np.ones(size_bytes // 8, np.uint64)
        self()  # compiles

    def __call__(self) -> float:
        """Bytes a second, on the threads that are set."""
        count = numba.get_num_threads()
        return self.words.nbytes / one_s(lambda: _total(self.words, np.zeros((count, 8), "u8")))


class VpmaddubswPeak:
    """`vpmaddubsw` with `vpaddw` on registers, nothing else; only where `vectors.AVX2`."""

    def __init__(self, blocks: int) -> None:
        assert vectors.AVX2
        self.blocks = blocks
        self()  # compiles

    def __call__(self) -> float:
        """Multiply-adds a second, on the threads that are set."""
        count = numba.get_num_threads()
        return count * PAIRS * 32 * self.blocks / one_s(lambda: _blocks(count, self.blocks))


@numba.njit
def _sum(words):
    total = np.uint64(0)
    for word in words:
        total += word
    return total


@numba.njit(parallel=True)
def _total(words, totals):
    share = (words.shape[0] + totals.shape[0] - 1) // totals.shape[0]
    for thread in numba.prange(totals.shape[0]):
        totals[thread, 0] = _sum(words[thread * share : (thread + 1) * share])


@intrinsic
def _block(typing: Any) -> Any:
    """PAIRS times vpmaddubsw and vpaddw, six chains of sums, no memory."""

    def generate(context, builder, signature, arguments):
        pairs = [
            f"vpmaddubsw %ymm0, %ymm1, %ymm{2 + i}; vpaddw %ymm{2 + i}, %ymm{8 + i}, %ymm{8 + i}"
            for i in range(6)
        ]
        clobbered = ",".join(f"~{{xmm{i}}}" for i in range(14))
        text = "; ".join(pairs * (PAIRS // 6))
        kind = ir.FunctionType(ir.VoidType(), [])
        builder.call(ir.InlineAsm(kind, text, clobbered, side_effect=True), [])
        return context.get_dummy_value()

    return numba.types.void(), generate


@numba.njit
def _many_blocks(blocks):
    for _ in range(blocks):
        _block()


@numba.njit(parallel=True)
def _blocks(count, blocks):
    for _ in numba.prange(count):
        _many_blocks(blocks)
