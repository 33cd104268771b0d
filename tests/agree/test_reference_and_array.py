"""The reference's product, the simulated array and numpy: three readings of the same sums."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bitsim.agreement.arrays.random import random_case
from bitsim.array.replay import matrix_of, replay
from bitsim.reference.kernels.product.product import multiply
from tests.cases.arrays import named_cases

LARGEST_K = 6912  # of the 2B model


def assert_all_agree(case):
    for job, result in zip(case.jobs, replay(case.spec, case.jobs, case.schedules), strict=True):
        reference = multiply((matrix_of(job),), job.activations)
        np.testing.assert_array_equal(reference, job.expected())
        np.testing.assert_array_equal(result.output, reference)


@given(st.integers(0, 2**32 - 1), st.integers(0, 7))
@example(0, 0)  # 64 lanes
@example(0, 1)  # one lane
@example(0, 2)  # one column
@settings(max_examples=60)
def test_random_machines_sum_like_the_reference(seed, index):
    assert_all_agree(random_case(seed, index))


@pytest.mark.parametrize("case", named_cases(), ids=lambda case: case.name)
def test_worst_cases_sum_like_the_reference(case):
    assert_all_agree(case)


@pytest.mark.parametrize("weight", [-1, 1])
@pytest.mark.parametrize("activation", [-128, -127, 127])
@pytest.mark.parametrize("k", [LARGEST_K, LARGEST_K + 3])
def test_the_largest_sums_of_the_2b_model_are_exact(weight, activation, k):
    from bitsim.agreement.arrays.arrivals import ideal_schedules
    from bitsim.spec.catalog import load_accelerator
    from bitsim.trace.job import Job

    spec = load_accelerator("dot_16x40").array
    weights = np.full((17, k), weight, np.int8)
    activations = np.full((2, k), activation, np.int8)
    jobs = [Job("worst", weights, activations)]
    (result,) = replay(spec, jobs, ideal_schedules(spec, jobs))
    expected = np.full((2, 17), weight * activation * k)
    np.testing.assert_array_equal(result.output, expected)
    np.testing.assert_array_equal(multiply((matrix_of(jobs[0]),), activations), expected)
