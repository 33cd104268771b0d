"""A list of jobs through an array, everything known beforehand: what the RTL bench also does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bitsim.array import make_array
from bitsim.array.protocol import NEVER, STREAMS, PhaseResult
from bitsim.spec import encoding
from bitsim.spec.array.array import ArraySpec
from bitsim.spec.ternary import TernaryMatrix
from bitsim.trace.job import Job, Schedules


def replay(spec: ArraySpec, jobs: Sequence[Job], schedules: Schedules) -> list[PhaseResult]:
    """Run `jobs` one after the other from reset on, the world behaving as `schedules` says.

    Schedules that do not cover the jobs are an `assert`: the last phase could never end.
    """
    assert len(jobs) == schedules.phases.size, (len(jobs), schedules.phases.size)
    array = make_array(spec, values=True)
    array.offer_weights(schedules.weights)
    array.offer_activations(schedules.activations)
    array.take_results(schedules.results)
    for stream in STREAMS:
        array.silence(stream, NEVER)
    results = []
    for job, offered_cycle in zip(jobs, schedules.phases, strict=True):
        image = array.image([matrix_of(job)])
        array.begin(job.phase, int(offered_cycle), image, job.activations)
        pause = array.advance()
        assert pause.needs is None, pause
        results.append(array.result())
    return results


def matrix_of(job: Job) -> TernaryMatrix:
    """A job's weights as the array is given them."""
    n, k = job.weights.shape
    packed = encoding.pack(np.ascontiguousarray(job.weights), "2bit")
    return TernaryMatrix(name=job.name, n=n, k=k, packed=packed, scale=1.0)
