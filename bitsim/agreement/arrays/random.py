"""Random machines with random work, each a function of its seed and index."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bitsim.agreement.arrays.arrivals import random_schedules
from bitsim.agreement.arrays.case import Case
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.encoding import LARGEST_ACTIVATION, PACKINGS
from bitsim.trace.job import Job
from bitsim.units import ceil_div

MOST_LANES = 64
MOST_COLUMNS = 12
MOST_SLICE_LANES = 96  # of a column, and of the whole array: what building the simulator costs
MOST_ARRAY_LANES = 384
MOST_K_BEATS = 40
MOST_PHASE_STEPS = 1500

# Every eighth machine is as wide as they get, every eighth has a single lane or column.
_FIXED_LANES = {0: MOST_LANES, 1: 1}
_FIXED_COLUMNS = {2: 1}


def random_case(seed: int, index: int) -> Case:
    """Case `index` of a seed: any kind of small machine, one to three phases, stalls anywhere."""
    rng = np.random.default_rng([seed, index])
    spec = random_array(rng, _FIXED_LANES.get(index % 8), _FIXED_COLUMNS.get(index % 8))
    jobs = [random_job(rng, spec, f"phase_{i}") for i in range(rng.integers(1, 4))]
    return Case(
        name=f"random_{seed}_{index}",
        spec=spec,
        jobs=jobs,
        schedules=random_schedules(rng, spec, jobs),
        again=f"bitsim.agreement.arrays.random.random_case(seed={seed}, index={index})",
    )


def random_array(
    rng: np.random.Generator, lanes: int | None = None, columns: int | None = None
) -> DotSpec:
    """Every parameter drawn, small ones more often, buffers often as small as can be."""
    lanes = lanes or log_uniform(rng, 1, MOST_LANES)
    slices = log_uniform(rng, 1, max(1, min(4, MOST_SLICE_LANES // lanes)))
    hold = log_uniform(rng, 1, 6)
    most_columns = min(MOST_COLUMNS, MOST_ARRAY_LANES // (lanes * slices))
    max_k = int(rng.integers(1, MOST_K_BEATS * lanes + 1))
    accumulator_bits = max(9, (LARGEST_ACTIVATION * max_k).bit_length() + 1)
    block_beats = ceil_div(max_k, lanes) * hold
    return DotSpec(
        dataflow="dot",
        columns=columns or log_uniform(rng, 1, most_columns),
        lanes=lanes,
        slices=slices,
        hold=hold,
        weight_packing=rng.choice(PACKINGS),
        tree_stages=int(rng.integers(0, min(8, (lanes - 1).bit_length()) + 1)),
        accumulator_bits=accumulator_bits + int(rng.integers(0, 3) == 0),
        max_k=max_k,
        weight_fifo_beats=log_uniform(rng, 2, 8),
        activation_buffer_beats=block_beats + int(rng.integers(0, 2) * rng.integers(0, 20)),
        result_fifo_beats=log_uniform(rng, 2, 6),
        skip="gate",
    )


def random_job(rng: np.random.Generator, spec: DotSpec, name: str) -> Job:
    """A product that leaves remainders in N, K and M more often than not."""
    k = int(rng.integers(1, spec.max_k + 1))
    m = int(rng.integers(1, 3 * spec.slices * spec.hold + 2))
    steps = ceil_div(k, spec.lanes) * ceil_div(m, spec.slices)
    n = int(rng.integers(1, spec.columns * max(1, min(5, MOST_PHASE_STEPS // steps)) + 1))
    return Job(name, random_weights(rng, n, k), random_activations(rng, m, k))


def random_weights(rng: np.random.Generator, n: int, k: int) -> NDArray[np.int8]:
    """(n, k) int8: all zeros fractions, from none to all but a few."""
    zero = rng.choice([0.0, 1 / 3, 0.6, 0.95])
    signs = rng.choice(np.array([-1, 1], np.int8), (n, k))
    return np.where(rng.random((n, k)) < zero, np.int8(0), signs)


def random_activations(rng: np.random.Generator, m: int, k: int) -> NDArray[np.int8]:
    """(m, k) int8: the whole range, or the ends of it, with zeros among them."""
    if rng.random() < 0.25:
        values = rng.choice(np.array([-128, 127], np.int8), (m, k))
    else:
        values = rng.integers(-128, 128, (m, k), dtype=np.int8)
    return np.where(rng.random((m, k)) < rng.choice([0.0, 0.1, 0.5]), np.int8(0), values)


def log_uniform(rng: np.random.Generator, least: int, most: int) -> int:
    """A whole number, small ones as often as large ones."""
    return int(np.floor(np.exp(rng.uniform(np.log(least), np.log(most + 1)))).clip(least, most))
