"""Arrival schedules: how the world outside behaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bitsim.spec.array.array import ArraySpec
from bitsim.trace.job import Job, Schedules
from bitsim.units import Cycles


@dataclass(frozen=True)
class Beats:
    """Beats of each stream over a list of jobs; `weights` of one stream."""

    phases: int
    weights: int
    activations: int
    results: int


def beats_of(spec: ArraySpec, jobs: Sequence[Job]) -> Beats:
    """How long each schedule has to be."""
    tilings = [spec.tiling(job.phase) for job in jobs]
    return Beats(
        phases=len(jobs),
        weights=sum(tiling.weight_beats for tiling in tilings),
        activations=sum(tiling.activation_beats for tiling in tilings),
        results=sum(tiling.result_beats for tiling in tilings),
    )


def ideal(beats: int) -> Cycles:
    """Always there."""
    return np.zeros(beats, np.int64)


def interval(beats: int, cycles: int, start_cycle: int = 0) -> Cycles:
    """One beat every `cycles`."""
    return start_cycle + cycles * np.arange(beats, dtype=np.int64)


def late(beats: int, start_cycle: int) -> Cycles:
    """Nothing at first, then always there."""
    return np.full(beats, start_cycle, np.int64)


def gaps(rng: np.random.Generator, beats: int, most_cycles: int) -> Cycles:
    """Each beat 0 to `most_cycles` after the one before."""
    return np.cumsum(rng.integers(0, most_cycles + 1, beats)).astype(np.int64)


def bursts(rng: np.random.Generator, beats: int, burst_beats: int, pause_cycles: int) -> Cycles:
    """Some beats at once, then a pause, as DRAM does."""
    pauses = rng.random(beats) < 1 / burst_beats
    return np.cumsum(pauses * rng.integers(1, pause_cycles + 1, beats)).astype(np.int64)


def unordered(rng: np.random.Generator, beats: int, most_cycles: int) -> Cycles:
    """Arrival cycles that go back: a beat then arrives together with the one before it."""
    return rng.integers(0, most_cycles + 1, beats).astype(np.int64)


def random_arrivals(rng: np.random.Generator, beats: int, mean_cycles: int) -> Cycles:
    """One of the kinds above, with about `mean_cycles` between two beats, or with none."""
    most = 2 * mean_cycles
    match rng.choice(["ideal", "interval", "gaps", "bursts", "late", "unordered"]):
        case "ideal":
            return ideal(beats)
        case "interval":
            return interval(beats, mean_cycles, int(rng.integers(0, 20)))
        case "gaps":
            return gaps(rng, beats, most)
        case "bursts":
            burst_beats = int(rng.integers(2, 12))
            return bursts(rng, beats, burst_beats, most * burst_beats)
        case "late":
            return late(beats, int(rng.integers(1, 120)))
        case _:
            return unordered(rng, beats, most * beats)


def ideal_schedules(spec: ArraySpec, jobs: Sequence[Job]) -> Schedules:
    """Nothing ever waits for the world outside."""
    beats = beats_of(spec, jobs)
    return Schedules(
        phases=ideal(beats.phases),
        weights=ideal(beats.weights)[np.newaxis],
        activations=ideal(beats.activations),
        results=ideal(beats.results),
    )


def random_schedules(rng: np.random.Generator, spec: ArraySpec, jobs: Sequence[Job]) -> Schedules:
    """Each stream, and half of the time each weight stream, behaves in a way of its own.

    The pace of a stream is drawn around the pace at which the array uses it. So each stream is the
    slowest one in some of the cases.
    """
    beats = beats_of(spec, jobs)
    steps = sum(spec.tiling(job.phase).busy_cycles for job in jobs)

    def stream(count: int) -> Cycles:
        pace = max(1, steps // max(1, count))
        return random_arrivals(rng, count, int(rng.integers(1, 2 * pace + 1)))

    if rng.random() < 0.5:
        weights = stream(beats.weights)[np.newaxis]
    else:
        weights = np.stack([stream(beats.weights) for _ in range(spec.feeds)])
    return Schedules(
        phases=random_arrivals(rng, beats.phases, steps // beats.phases + 1),
        weights=weights,
        activations=stream(beats.activations),
        results=stream(beats.results),
    )
