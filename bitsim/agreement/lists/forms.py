"""Result stages drawn at random, and products whose results leave in every form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bitsim.agreement.arrays.random import random_activations, random_job, random_weights
from bitsim.agreement.lists.result_form import CODES, SUMS, ResultForm
from bitsim.spec.array.array import ArraySpec
from bitsim.spec.link.axi4 import BusLayout, ResultsSpec
from bitsim.trace.job import Job
from bitsim.units import ceil_div

MOST_DIGITS = 6
MOST_ROW_TILES = 4  # of rows of codes, and of the rows that digits make

# Largest sums of the vectors whose codes go wrong first: 0; 1; 2 and 254, where odd sums are exact
# halves (127 x 1 / 2 and 127 x 127 / 254).
_SPECIAL = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [127, 127, 1]], np.int8)


def with_results(rng: np.random.Generator, plain: BusLayout) -> BusLayout:
    """The machine with a result stage; in two of three cases it has one slice, and so codes."""
    array, vectors = plain.array, 1 if rng.random() < 2 / 3 else plain.array.vectors
    array = array.changed({array.SET_BY["vectors"]: vectors})
    results = ResultsSpec(
        digits=int(rng.integers(1, MOST_DIGITS + 1)),
        code_beats=(
            int(rng.integers(1, MOST_ROW_TILES * array.hold_groups + 1)) if vectors == 1 else 0
        ),
    )
    return BusLayout(array, plain.bus.model_copy(update={"results": results}))


def random_work(rng: np.random.Generator, layout: BusLayout, name: str) -> tuple[Job, ResultForm]:
    """A product that leaves remainders, in any form of results that the machine has."""
    array, results = layout.array, layout.bus.results
    job = random_job(rng, array, name)
    if results is None:
        return job, SUMS
    match rng.choice(["sums", "digits", "codes", "codes"]):
        case "codes" if results.code_beats:
            vectors = min(array.hold_groups, job.phase.m)  # of a block
            rows = array.rows * (results.code_beats // vectors)
            if rows:
                n = int(rng.integers(1, min(rows, MOST_ROW_TILES * array.rows) + 1))
                return job_of_codes(rng, name, n, job.phase.k, job.phase.m), CODES
        case "digits" if results.digits > 1:
            digits = int(rng.integers(2, results.digits + 1))
            tiles = ceil_div(job.phase.n, array.rows)
            return job_of_digits(rng, array, job, tiles, digits)
    return job, SUMS


def job_of_digits(
    rng: np.random.Generator, array: ArraySpec, job: Job, tiles: int, digits: int
) -> tuple[Job, ResultForm]:
    """A product of `tiles` x `digits` row tiles, the last one ragged, with the K and M of `job`."""
    phase = job.phase
    tiles = min(tiles, MOST_ROW_TILES)
    n = digits * tiles * array.rows - int(rng.integers(0, array.rows))
    weights = random_weights(rng, n, phase.k)
    return Job(job.name, weights, job.activations), ResultForm(digits)


def job_of_codes(rng: np.random.Generator, name: str, n: int, k: int, m: int) -> Job:
    """Every other vector has codes that are hard to get right; row 0 makes its largest sum."""
    weights = random_weights(rng, n, k)
    activations = random_activations(rng, m, k)
    weights[0, :2] = 1
    weights[0, 2:3] = 0
    weights[1:, 1:2] = 0
    for vector in range(0, m, 2):
        activations[vector] = _special(rng, k)
    return Job(name, weights, activations)


def _special(rng: np.random.Generator, k: int) -> NDArray[np.int8]:
    vector = np.zeros(k, np.int8)
    places = min(k, _SPECIAL.shape[1])
    vector[:places] = rng.choice(_SPECIAL)[:places]
    return vector
