"""Values at the edges: the largest sums, the smallest machines, everything that does not divide."""

from __future__ import annotations

import numpy as np
import pytest

from bitsim.array import make_array
from bitsim.array.dot.model import DotArray
from bitsim.array.replay import matrix_of, replay
from bitsim.errors import BitsimError
from bitsim.spec import encoding
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.phase import Phase
from bitsim.trace.job import Job, Schedules


def at_once(spec, jobs):
    """Schedules in which everything is there from the start."""
    tilings = [spec.tiling(job.phase) for job in jobs]
    return Schedules(
        phases=np.zeros(len(jobs), np.int64),
        weights=np.zeros((1, sum(tiling.weight_beats for tiling in tilings)), np.int64),
        activations=np.zeros(sum(tiling.activation_beats for tiling in tilings), np.int64),
        results=np.zeros(sum(tiling.result_beats for tiling in tilings), np.int64),
    )


def random_job(n, k, m, seed=0):
    """Any weights, any activations."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-1, 2, (n, k)).astype(np.int8)
    return Job("test", weights, rng.integers(-128, 128, (m, k)).astype(np.int8))


def check(spec, job, schedules=None):
    """Run it; the values are the exact products, the counters those of numpy."""
    (result,) = replay(spec, [job], schedules or at_once(spec, [job]))
    assert result.output is not None
    assert result.output.dtype == np.int32
    assert np.array_equal(result.output, job.expected())
    nonzero = (job.activations != 0).sum(axis=0).astype(np.int64)
    counts = result.counts
    assert counts.adds == ((job.weights > 0).sum(axis=0) * nonzero).sum()
    assert counts.subtracts == ((job.weights < 0).sum(axis=0) * nonzero).sum()
    assert counts.busy == spec.tiling(job.phase).busy_cycles
    assert counts.adds + counts.subtracts + counts.skips == spec.peak_products * counts.busy
    return result


@pytest.mark.parametrize("packing", encoding.PACKINGS)
@pytest.mark.parametrize("weight", [1, -1])
@pytest.mark.parametrize("activation", [127, -127, -128])
def test_the_largest_sums_at_max_k(machine, activation, weight, packing):
    spec = machine(
        max_k=8191,
        accumulator_bits=21,
        lanes=40,
        activation_buffer_beats=300,
        weight_packing=packing,
    )
    job = Job(
        "test",
        np.full((3, 8191), weight, np.int8),
        np.full((2, 8191), activation, np.int8),
    )
    result = check(spec, job)
    assert result.output[0, 0] == 8191 * weight * activation
    assert (result.counts.adds, result.counts.subtracts) == (
        (6 * 8191, 0) if weight > 0 else (0, 6 * 8191)
    )


def test_an_accumulator_one_bit_too_narrow_wraps(machine):
    narrow = DotSpec.model_construct(**{**machine(max_k=3).model_dump(), "accumulator_bits": 9})
    job = Job("test", np.full((2, 3), -1, np.int8), np.full((1, 3), -128, np.int8))
    (result,) = replay(narrow, [job], at_once(narrow, [job]))
    assert result.output.tolist() == [[384 - 512, 384 - 512]]


def test_nothing_but_zeros_is_nothing_but_skips(machine):
    spec = machine()
    job = Job("test", np.zeros((4, 6), np.int8), np.zeros((3, 6), np.int8))
    counts = check(spec, job).counts
    assert (counts.adds, counts.subtracts, counts.skips) == (0, 0, 2 * 3 * 12)


def test_255_and_256_columns_of_ones_are_all_counted(machine):
    for columns in (255, 256):
        spec = machine(columns=columns)
        ones = np.ones((columns, 6), np.int8)
        assert check(spec, Job("test", ones, ones[:1])).counts.adds == columns * 6
        assert check(spec, Job("test", -ones, ones[:1])).counts.subtracts == columns * 6


@pytest.mark.parametrize("packing", encoding.PACKINGS)
@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 5, 6, 9, 10, 16, 33, 64])
def test_every_number_of_lanes(machine, lanes, packing):
    check(machine(lanes=lanes, weight_packing=packing), random_job(n=7, k=53, m=2, seed=lanes))


def test_one_column_one_lane_one_vector_one_weight(machine):
    spec = machine(columns=1, lanes=1)
    assert check(spec, random_job(n=1, k=1, m=1)).counts.cycles == 1 + 4
    check(spec, random_job(n=9, k=20, m=5))


@pytest.mark.parametrize("n", [7, 8, 9])
@pytest.mark.parametrize("k", [19, 20, 21])
@pytest.mark.parametrize("m", [5, 6, 7])
def test_remainders_in_n_k_and_m(machine, n, k, m):
    spec = machine(columns=4, lanes=5, slices=3, hold=2, weight_packing="base3")
    check(spec, random_job(n, k, m))


@pytest.mark.parametrize("m", [1, 2, 3])
def test_a_hold_of_more_groups_than_there_are(machine, m):
    spec = machine(hold=64, max_k=3, slices=2)
    result = check(spec, random_job(n=5, k=3, m=m))
    assert result.counts.busy == 3 * -(-m // 2)


def test_two_result_places_and_takes_that_come_late(machine):
    spec = machine(result_fifo_beats=2, hold=4, max_k=30)
    job = random_job(n=7, k=11, m=9)
    late = at_once(spec, [job])
    late.results[:] = 5000 + 100 * np.arange(late.results.size)
    result = check(spec, job, late)
    assert result.end_cycle == int(late.results[-1]) + 1
    assert result.counts.wait_results + result.counts.drain > 5000


def test_the_largest_shape_that_is_run_with_values_here(machine):
    spec = machine(
        columns=16,
        lanes=40,
        max_k=2560,
        accumulator_bits=20,
        weight_packing="base3",
        tree_stages=2,
    )
    result = check(spec, random_job(n=640, k=2560, m=1))
    assert result.counts.cycles == 40 * 64 + 6


def test_values_or_none_the_cycles_are_the_same(machine):
    spec, job = machine(hold=3, slices=2, max_k=30), random_job(n=9, k=25, m=11)
    (with_values,) = replay(spec, [job], at_once(spec, [job]))
    array = DotArray(spec, values=False)
    schedules = at_once(spec, [job])
    array.offer_weights(schedules.weights)
    array.offer_activations(schedules.activations)
    array.take_results(schedules.results)
    for stream in ("weights", "activations", "results"):
        array.silence(stream, 10**6)
    array.begin(job.phase, 0, None, None)
    array.advance()
    alone = array.result()
    assert alone.output is None
    assert alone.end_cycle == with_values.end_cycle
    assert alone.counts.busy == with_values.counts.busy
    assert (alone.counts.adds, alone.counts.subtracts, alone.counts.skips) == (0, 0, 0)


def test_an_image_that_cannot_be_written_to_runs_like_any_other(machine):
    spec, job = machine(), random_job(n=5, k=7, m=2)
    array = make_array(spec, values=True)
    image = array.image([matrix_of(job)])
    image.flags.writeable = False
    for offer in (array.offer_weights, array.offer_activations, array.take_results):
        offer(np.zeros(100, np.int64))
    array.begin(job.phase, 0, image, job.activations)
    assert array.advance().needs is None
    assert np.array_equal(array.result().output, job.expected())


def test_a_phase_that_the_array_cannot_run_is_refused_in_one_line(machine):
    array = make_array(machine(max_k=60), values=False)
    with pytest.raises(BitsimError, match="max_k = 60"):
        array.begin(Phase(name="long", n=1, k=61, m=1), 0, None, None)
