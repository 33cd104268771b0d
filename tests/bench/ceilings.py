"""What this machine can do at most, measured: reading memory, and `vpmaddubsw` on registers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import binding, ir
from numba.extending import intrinsic

from bitsim.reference.kernels import vectors

PAIRS = 12  # of vpmaddubsw and vpaddw in a block
BLOCKS = 1_000_000
READ_BYTES = 200_000_000  # many times what caches hold

binding.initialize_native_asmparser()  # for `_block`; numba itself needs none


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s


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
    """Every byte of READ_BYTES once, each thread in one run, with nothing else to do."""

    def __init__(self) -> None:
        self.words = np.ones(READ_BYTES // 8, np.uint64)
        self()  # compiles

    def __call__(self) -> float:
        """Bytes a second, on the threads that are set."""
        count = numba.get_num_threads()
        return self.words.nbytes / seconds(lambda: _total(self.words, np.zeros((count, 8), "u8")))


class VpmaddubswPeak:
    """`vpmaddubsw` with `vpaddw` on registers, nothing else; only where `vectors.AVX2`."""

    def __init__(self) -> None:
        assert vectors.AVX2
        _blocks(1)
        self()

    def __call__(self) -> float:
        """Multiply-adds a second, on the threads that are set."""
        count = numba.get_num_threads()
        return count * PAIRS * 32 * BLOCKS / seconds(lambda: _blocks(count))


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
def _many_blocks():
    for _ in range(BLOCKS):
        _block()


@numba.njit(parallel=True)
def _blocks(count):
    for _ in numba.prange(count):
        _many_blocks()
