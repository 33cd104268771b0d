"""Ternary products for a netlist: 64 different ones side by side, and their exact sums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError, shown_path
from bitsim.spec import encoding
from bitsim.spec.array.dot import DotSpec
from bitsim.synthesis.gates.simulation import RUNS
from bitsim.trace.job import Job
from bitsim.units import ceil_div

STEPS = 256  # of a run, at least: 16,384 steps in all RUNS
ACTIVATION_ROWS = 64  # beats along K of random work, at most: 2,560 places on 40 lanes
SEED = 0


@dataclass(frozen=True, eq=False)
class GateWork:
    """One phase of at most `hold` groups in each run.

    weights      (RUNS, tiles, columns, beats, lanes)   int8 in {-1, 0, 1}
    activations  (RUNS, groups, beats, slices, lanes)   int8
    """

    name: str
    weights: NDArray[np.int8]
    activations: NDArray[np.int8]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Row tiles, K beats, groups."""
        return self.weights.shape[1], self.weights.shape[3], self.activations.shape[1]

    def sums(self) -> NDArray[np.int64]:
        """(RUNS, tiles, groups, columns, slices): the exact products, by numpy."""
        weights = self.weights.astype(np.int32).reshape(*self.weights.shape[:3], -1)
        runs, groups, beats, slices, lanes = self.activations.shape
        vectors = self.activations.transpose(0, 1, 3, 2, 4).reshape(
            runs, groups * slices, beats * lanes
        )
        sums = weights.reshape(runs, -1, beats * lanes) @ vectors.astype(np.int32).transpose(
            0, 2, 1
        )
        tiles, columns = self.weights.shape[1:3]
        shaped = sums.reshape(runs, tiles, columns, groups, slices)
        return shaped.transpose(0, 1, 3, 2, 4).astype(np.int64)

    def weight_words(self, packing: encoding.Packing) -> NDArray[np.uint64]:
        """(tiles, beats, columns, bits) words of the weight beats."""
        packed = encoding.pack(self.weights, packing)
        bits = np.unpackbits(packed, axis=-1, bitorder="little")
        return side_by_side(bits.transpose(0, 1, 3, 2, 4))

    def activation_words(self) -> NDArray[np.uint64]:
        """(groups, beats, slices * lanes * 8) words."""
        runs, groups, beats = self.activations.shape[:3]
        flat = (
            np.ascontiguousarray(self.activations).view(np.uint8).reshape(runs, groups, beats, -1)
        )
        return side_by_side(np.unpackbits(flat, axis=-1, bitorder="little"))


def side_by_side(bits: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(RUNS, ...) uint8 of 0 and 1 as (...) words: run r is bit r."""
    packed = np.packbits(bits, axis=0, bitorder="little")
    return np.ascontiguousarray(np.moveaxis(packed, 0, -1)).view(np.uint64)[..., 0]


def numbers(words: NDArray[np.uint64], bits: int) -> NDArray[np.int64]:
    """(n * bits,) words as (RUNS, n) two's complement numbers of `bits`."""
    apart = np.unpackbits(
        np.ascontiguousarray(words).view(np.uint8).reshape(len(words), 8), axis=1, bitorder="little"
    )
    grouped = apart.reshape(-1, bits, RUNS).astype(np.int64)
    weights = 1 << np.arange(bits, dtype=np.int64)
    weights[-1] *= -1
    return np.einsum("nbr,b->rn", grouped, weights)


def random_work(
    spec: DotSpec, columns: int, zero_fraction: float, held: bool, seed: int = SEED
) -> GateWork:
    """Independent weights, of which `zero_fraction` are 0, and normally distributed activations.

    held  all `slices` and `hold` groups have a vector, as in prefill; else one vector, as in decode
    """
    random = np.random.default_rng(seed)
    beats = min(ACTIVATION_ROWS, ceil_div(spec.max_k, spec.lanes))
    groups = spec.hold if held else 1
    tiles = ceil_div(STEPS, beats * groups)
    live = random.random((RUNS, tiles, columns, beats, spec.lanes)) >= zero_fraction
    signs = random.integers(0, 2, live.shape, dtype=np.int8) * 2 - 1
    vectors = random.standard_normal((RUNS, groups, spec.slices, beats * spec.lanes))
    codes = np.rint(vectors * 127 / np.abs(vectors).max(axis=-1, keepdims=True)).astype(np.int8)
    if not held:
        codes[:, :, 1:] = 0
    activations = codes.reshape(RUNS, groups, spec.slices, beats, spec.lanes)
    weights = (live * signs).astype(np.int8)
    return GateWork("prefill" if held else "decode", weights, activations.transpose(0, 1, 3, 2, 4))


def recorded_work(spec: DotSpec, columns: int, path: Path) -> Iterator[GateWork]:
    """Products of a trace until each run has had STEPS; row tiles are dealt out to the runs."""
    from bitsim.trace.reader import load_trace

    steps = 0
    for event in load_trace(path).events():
        if event.phase.k > spec.max_k:
            continue
        work = recorded(spec, columns, event.job())
        yield work
        steps += int(np.prod(work.shape))
        if steps >= STEPS:
            return
    if not steps:
        raise BitsimError(
            f"{shown_path(path)}: no product of at most max_k = {spec.max_k} places; name another "
            f"trace, or an accelerator with a larger max_k"
        )


def recorded(spec: DotSpec, columns: int, job: Job) -> GateWork:
    """One product: run r has row tiles r, r + RUNS, ...; of the vectors as many as are held."""
    weights, activations = job.weights, job.activations
    n, k = weights.shape
    beats, tiles = ceil_div(k, spec.lanes), ceil_div(n, columns)
    padded = np.zeros((tiles * columns, beats * spec.lanes), np.int8)
    padded[:n, :k] = weights
    each_run = ceil_div(tiles, RUNS)
    dealt = np.arange(RUNS * each_run).reshape(each_run, RUNS).T % tiles
    grid = padded.reshape(tiles, columns, beats, spec.lanes)[dealt]
    vectors = activations[: spec.slices * spec.hold]
    groups = ceil_div(len(vectors), spec.slices)
    places = np.zeros((groups * spec.slices, beats * spec.lanes), np.int8)
    places[: len(vectors), :k] = vectors
    shaped = places.reshape(groups, spec.slices, beats, spec.lanes).transpose(0, 2, 1, 3)
    return GateWork(job.name, grid, np.broadcast_to(shaped, (RUNS, *shaped.shape)))
