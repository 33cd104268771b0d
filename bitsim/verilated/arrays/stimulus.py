"""Jobs and schedules as the beats of each stream, in the bench's files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bitsim.spec.array.array import ArraySpec
from bitsim.spec.phase import Phase
from bitsim.trace.job import Job, Schedules
from bitsim.verilated.bench import ACTIVATIONS, PHASES, RESULTS, WEIGHTS

COUNT_BYTES = 8  # of the number of beats, at the start of a file


def write_streams(spec: ArraySpec, jobs: Sequence[Job], schedules: Schedules, folder: Path) -> None:
    """Write `stream_NUMBER.bin` of every stream of one machine (`rtl/bench/source.sv`)."""
    folder.mkdir(parents=True)
    if not jobs:  # a machine that only waits until the others are done
        for stream in range(WEIGHTS + spec.feeds):
            (folder / f"stream_{stream}.bin").write_bytes(bytes(COUNT_BYTES))
        return
    phases = np.stack([_phase_beat(spec, job) for job in jobs])
    _write(folder, PHASES, schedules.phases, phases)
    activations = np.concatenate([activation_beats(spec, job) for job in jobs])
    _write(folder, ACTIVATIONS, schedules.activations, activations)
    nothing = np.zeros((schedules.results.size, 1), np.uint8)
    _write(folder, RESULTS, schedules.results, nothing)
    weights = np.concatenate([weight_beats(spec, job) for job in jobs], axis=1)
    arrivals = np.broadcast_to(schedules.weights, (spec.feeds, schedules.weights.shape[1]))
    for feed in range(spec.feeds):
        _write(folder, WEIGHTS + feed, arrivals[feed], weights[feed])


def activation_beats(spec: ArraySpec, job: Job) -> NDArray[np.uint8]:
    """(activation beats, vectors x depth) uint8: each activation once, in the order of use."""
    return beats_of(spec, job.phase, job.activations).view(np.uint8)


def beats_of(spec: ArraySpec, phase: Phase, activations: NDArray[np.int8]) -> NDArray[np.int8]:
    """(activation beats, vectors x depth) int8, from the (m, k) activations of a phase."""
    tiling = spec.tiling(phase)
    m, k = activations.shape
    padded = np.zeros((tiling.groups * spec.vectors, tiling.k_beats * spec.depth), np.int8)
    padded[:m, :k] = activations
    grid = padded.reshape(tiling.groups, spec.vectors, tiling.k_beats, spec.depth)
    k_beats, groups = tiling.activation_order().T
    return np.ascontiguousarray(grid[groups, :, k_beats].reshape(-1, spec.vectors * spec.depth))


def weight_beats(spec: ArraySpec, job: Job) -> NDArray[np.uint8]:
    """(feeds, beats, bytes) uint8: the whole matrix once for each block."""
    tiling = spec.tiling(job.phase)
    image = spec.weight_image(job.weights)
    once = image.transpose(2, 0, 1, 3).reshape(spec.feeds, -1, spec.feed_bytes)
    return np.tile(once, (1, tiling.blocks, 1))


def sums_of_beats(spec: ArraySpec, job: Job, beats: Sequence[int]) -> NDArray[np.int32]:
    """(m, n) int32: the result beats of one job, each as one number, put where they belong."""
    places, bits = spec.beat_sums, spec.result_bits
    return arranged(spec, job, np.array([_signed_fields(beat, places, bits) for beat in beats]))


def arranged(spec: ArraySpec, job: Job, sums: NDArray[np.integer]) -> NDArray[np.int32]:
    """`sums_of` a job."""
    return sums_of(spec, job.phase, sums)


def sums_of(spec: ArraySpec, phase: Phase, sums: NDArray[np.integer]) -> NDArray[np.int32]:
    """(m, n) int32: (result beats, rows x vectors) sums of one phase, put where they belong."""
    tiling = spec.tiling(phase)
    assert sums.shape == (tiling.result_beats, spec.beat_sums)
    grid = np.zeros((tiling.groups, tiling.row_tiles, spec.rows, spec.vectors), np.int32)
    row_tiles, groups = tiling.result_order().T
    grid[groups, row_tiles] = sums.reshape(-1, spec.rows, spec.vectors)
    padded = grid.transpose(0, 3, 1, 2).reshape(tiling.groups * spec.vectors, -1)
    return np.ascontiguousarray(padded[: phase.m, : phase.n])


def _signed_fields(number: int, count: int, bits: int) -> NDArray[np.int64]:
    mask, sign = (1 << bits) - 1, 1 << (bits - 1)
    fields = ((number >> (bits * place)) & mask for place in range(count))
    return np.array([(field ^ sign) - sign for field in fields], np.int64)


def _phase_beat(spec: ArraySpec, job: Job) -> NDArray[np.uint8]:
    tiling = spec.tiling(job.phase)
    fields = np.array([tiling.row_tiles, tiling.k_beats, tiling.groups], "<u2")
    return fields.view(np.uint8)


def _write(
    folder: Path, stream: int, arrivals: NDArray[np.int64], payloads: NDArray[np.uint8]
) -> None:
    """arrivals (beats,) int64; payloads (beats, bytes) uint8, first byte lowest."""
    assert arrivals.shape == payloads.shape[:1], (stream, arrivals.shape, payloads.shape)
    cycles = arrivals.astype(">i8").view(np.uint8).reshape(-1, 8)
    records = np.concatenate([cycles, payloads[:, ::-1]], axis=1)
    head = len(arrivals).to_bytes(COUNT_BYTES, "big")
    (folder / f"stream_{stream}.bin").write_bytes(head + records.tobytes())
