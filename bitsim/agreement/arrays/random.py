"""Random machines with random work, each a function of its seed and index."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bitsim.agreement.arrays.arrivals import random_schedules
from bitsim.agreement.arrays.case import Case
from bitsim.spec.array.array import ArraySpec
from bitsim.spec.array.registry import DATAFLOWS, Dataflow
from bitsim.spec.registry import home
from bitsim.trace.job import Job
from bitsim.units import ceil_div

MOST_PHASE_STEPS = 1500


def random_case(seed: int, index: int) -> Case:
    """Case `index` of a seed: any kind of small machine, one to three phases, stalls anywhere.

    The dataflows take turns.
    """
    dataflow, turn = taking_turns(index)
    rng = np.random.default_rng([seed, turn])
    spec: ArraySpec = home(dataflow.random)(rng, turn)
    jobs = [random_job(rng, spec, f"phase_{i}") for i in range(rng.integers(1, 4))]
    return Case(
        name=f"random_{seed}_{index}",
        spec=spec,
        jobs=jobs,
        schedules=random_schedules(rng, spec, jobs),
        again=f"bitsim.agreement.arrays.random.random_case(seed={seed}, index={index})",
    )


def taking_turns(index: int) -> tuple[Dataflow, int]:
    """The dataflow of machine `index`, and how many machines before it have the same dataflow."""
    dataflows = tuple(DATAFLOWS)
    return dataflows[index % len(dataflows)], index // len(dataflows)


def random_job(rng: np.random.Generator, spec: ArraySpec, name: str) -> Job:
    """A product that leaves remainders in N, K and M more often than not."""
    k = int(rng.integers(1, spec.longest_k + 1))
    m = int(rng.integers(1, 3 * spec.held_vectors + 2))
    steps = ceil_div(k, spec.depth) * ceil_div(m, spec.vectors)
    n = int(rng.integers(1, spec.rows * max(1, min(5, MOST_PHASE_STEPS // steps)) + 1))
    return Job(name, random_weights(rng, n, k), random_activations(rng, m, k))


def random_weights(rng: np.random.Generator, n: int, k: int) -> NDArray[np.int8]:
    """(n, k) int8: all zeros fractions, from none to all but a few."""
    zero = rng.choice([0.0, 1 / 3, 0.6, 0.95])
    signs = rng.choice(np.array([-1, 1], np.int8), (n, k))
    return np.where(rng.random((n, k)) < zero, np.int8(0), signs)


def random_activations(rng: np.random.Generator, m: int, k: int) -> NDArray[np.int8]:
    """(m, k) int8: from the whole range, or its two ends alone, with zeros in between."""
    if rng.random() < 0.25:
        values = rng.choice(np.array([-128, 127], np.int8), (m, k))
    else:
        values = rng.integers(-128, 128, (m, k), dtype=np.int8)
    return np.where(rng.random((m, k)) < rng.choice([0.0, 0.1, 0.5]), np.int8(0), values)
