"""The worst cases, by name: where a machine would be wrong first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bitsim.agreement.arrays.arrivals import beats_of, ideal, ideal_schedules, interval, late
from bitsim.agreement.arrays.case import Case
from bitsim.agreement.arrays.random import random_activations, random_weights
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.encoding import Packing
from bitsim.trace.job import Job, Schedules
from bitsim.units import ceil_div

SEED = 20261122  # of values that do not matter to a case


def named_cases() -> list[Case]:
    """All of them, each on one of five small machines."""
    cases = [*_sums(), *_shapes(), *_waits(), *_buffers()]
    assert len({case.name for case in cases}) == len(cases)
    return cases


def _array(
    columns: int,
    lanes: int,
    max_k: int,
    packing: Packing,
    slices: int = 1,
    hold: int = 1,
    tree_stages: int = 0,
    weight_fifo_beats: int = 2,
    spare_beats: int = 0,
) -> DotSpec:
    """Every buffer and the accumulator as small as the description allows, plus `spare_beats`."""
    return DotSpec(
        dataflow="dot",
        columns=columns,
        lanes=lanes,
        slices=slices,
        hold=hold,
        weight_packing=packing,
        tree_stages=tree_stages,
        accumulator_bits=max(9, (128 * max_k).bit_length() + 1),
        max_k=max_k,
        weight_fifo_beats=weight_fifo_beats,
        activation_buffer_beats=ceil_div(max_k, lanes) * hold + spare_beats,
        result_fifo_beats=2,
        skip="gate",
    )


ONE_LANE = _array(columns=1, lanes=1, max_k=15, packing="2bit")
ONE_BEAT = _array(columns=2, lanes=8, max_k=8, packing="2bit", tree_stages=3)
WIDE = _array(columns=2, lanes=64, max_k=255, packing="base3", tree_stages=6)
UNPIPED = _array(columns=1, lanes=64, max_k=127, packing="2bit", slices=2)
HELD = _array(
    columns=3, lanes=7, max_k=70, packing="base3", slices=2, hold=4, tree_stages=1,
    weight_fifo_beats=3, spare_beats=7,
)  # fmt: skip


def _case(name: str, spec: DotSpec, jobs: list[Job], schedules: Schedules | None = None) -> Case:
    return Case(
        name=name,
        spec=spec,
        jobs=jobs,
        schedules=schedules or ideal_schedules(spec, jobs),
        again=f"tests.cases.arrays, {name!r}",
    )


def _constant(name: str, n: int, k: int, m: int, weight: int, activation: int) -> Job:
    weights: NDArray[np.int8] = np.full((n, k), weight, np.int8)
    return Job(name, weights, np.full((m, k), activation, np.int8))


def _random(name: str, n: int, k: int, m: int) -> Job:
    rng = np.random.default_rng([SEED, n, k, m])
    return Job(name, random_weights(rng, n, k), random_activations(rng, m, k))


def _sums() -> Iterator[Case]:
    """Sums at the ends of the accumulator, and nothing to sum."""
    for title, spec in (("64_lanes", WIDE), ("64_lanes_unpiped", UNPIPED), ("one_lane", ONE_LANE)):
        extremes = [
            _constant(f"{activation}_times_{weight}", 3, spec.max_k, 3, weight, activation)
            for activation in (127, -128)
            for weight in (1, -1)
        ]
        yield _case(f"largest_sums_at_max_k_{title}", spec, extremes)
    yield _case(
        "zero_activations_and_zero_weights",
        HELD,
        [
            _constant("zero_activations", 7, 30, 5, -1, 0),
            _constant("zero_weights", 7, 30, 5, 0, -128),
            _constant("one_weight", 1, 1, 1, -1, -128),
        ],
    )


def _shapes() -> Iterator[Case]:
    """Remainders, and the smallest phases."""
    for title, spec in (("one_lane", ONE_LANE), ("one_beat", ONE_BEAT), ("held", HELD)):
        yield _case(
            f"smallest_phases_{title}", spec, [_random(f"phase_{i}", 1, 1, 1) for i in range(4)]
        )
    yield _case("hold_above_groups", HELD, [_random("phase", 8, 33, m) for m in (1, 2, 3, 7)])
    yield _case(
        "last_block_of_every_length", HELD, [_random(f"m_{m}", 4, 20, m) for m in range(8, 18)]
    )
    yield _case("k_ends_within_a_beat", WIDE, [_random(f"k_{k}", 3, k, 2) for k in (63, 64, 65)])
    yield _case(
        "n_ends_within_a_tile", HELD, [_random(f"n_{n}", n, 14, 3) for n in (1, 2, 3, 4, 5)]
    )


def _waits() -> Iterator[Case]:
    """Each stream as the slow one, and all of them."""
    jobs = [_random("first", 7, 61, 9), _random("second", 4, 30, 17), _random("third", 9, 9, 3)]
    spec = HELD
    beats, free = beats_of(spec, jobs), ideal_schedules(spec, jobs)
    slow_weights = interval(beats.weights, 9)[np.newaxis]
    slow_activations = interval(beats.activations, 11)
    slow_results = interval(beats.results, 45)

    def case(name: str, **streams: NDArray[np.int64]) -> Case:
        return _case(name, spec, jobs, Schedules(**{**free.__dict__, **streams}))

    yield case("weights_slow", weights=slow_weights)
    yield case("activations_slow", activations=slow_activations)
    yield case("results_slow", results=slow_results)
    yield case(
        "everything_slow",
        phases=interval(3, 1700, 5),
        weights=slow_weights,
        activations=slow_activations,
        results=slow_results,
    )
    one_late = np.zeros((spec.columns, beats.weights), np.int64)
    one_late[1] = interval(beats.weights, 13)
    yield case("one_column_waits_for_its_weights", weights=one_late)
    in_turn = np.stack([interval(beats.weights, 6, 50 * c) for c in range(spec.columns)])
    yield case("columns_start_one_after_the_other", weights=in_turn)
    yield case("results_taken_late", results=late(beats.results, 2500))
    yield case("phases_offered_late", phases=np.array([100, 900, 3000], np.int64))
    for title, other, k in (("unpiped", UNPIPED, 127), ("one_lane", ONE_LANE, 9)):
        yield _everything_slow(title, other, [_random(f"m_{m}", 4, k, m) for m in (6, 1, 3)])
    # A result taken in the very cycle in which the next one could be issued, and one off.
    for cycles in (10, 11, 12):
        yield case(f"results_every_{cycles}_cycles", results=interval(beats.results, cycles, 70))
    yield from _two_causes()


def _everything_slow(title: str, spec: DotSpec, jobs: list[Job]) -> Case:
    """Each stream a little slower than the array, none in step with another."""
    beats = beats_of(spec, jobs)
    schedules = Schedules(
        phases=interval(beats.phases, 150, 5),
        weights=interval(beats.weights, 5, 20)[np.newaxis],
        activations=interval(beats.activations, 11, 40),
        results=interval(beats.results, 13, 90),
    )
    return _case(f"everything_slow_{title}", spec, jobs, schedules)


def _two_causes() -> Iterator[Case]:
    """More than one thing missing in the same cycle: only the first of them is counted.

    One K beat, so that every step makes a result, and the two result places are full after two.
    """
    jobs = [_random("phase", 9, 7, 4)]  # three row tiles, two groups: a weight beat for two steps
    beats, free = beats_of(HELD, jobs), ideal_schedules(HELD, jobs).__dict__

    def case(name: str, **streams: NDArray[np.int64]) -> Case:
        return _case(name, HELD, jobs, Schedules(**{**free, **streams}))

    yield case(
        "weights_and_activations_missing",
        weights=late(beats.weights, 200)[np.newaxis],
        activations=late(beats.activations, 300),
    )
    yield case(
        "weights_missing_while_results_block",
        weights=_after(beats.weights, 1, 300)[np.newaxis],
        results=late(beats.results, 200),
    )
    waiting = [_random("phase", 3, 7, 17)]  # one row tile: each group's activations are new
    counts = beats_of(HELD, waiting)
    yield _case(
        "activations_missing_while_results_block",
        HELD,
        waiting,
        Schedules(
            phases=ideal(counts.phases),
            weights=ideal(counts.weights)[np.newaxis],
            activations=_after(counts.activations, 2, 300),
            results=late(counts.results, 200),
        ),
    )


def _after(beats: int, first: int, start_cycle: int) -> NDArray[np.int64]:
    """The first beats at once, the others from a cycle on."""
    return np.where(np.arange(beats) < first, 0, start_cycle).astype(np.int64)


def _buffers() -> Iterator[Case]:
    """Buffers at their smallest: full, empty, wrapping round, filled ahead of the phase."""
    jobs = [_random(f"phase_{i}", 5, k, 3) for i, k in enumerate((15, 1, 14, 15, 7))]
    yield _case("every_queue_at_its_minimum", ONE_LANE, jobs)
    short = [_random(f"phase_{i}", n, 8, 2) for i, n in enumerate((1, 3, 4, 1))]
    yield _case("activation_ring_of_one_beat", ONE_BEAT, short)
    beats = beats_of(ONE_BEAT, short)
    slow = Schedules(
        phases=ideal(beats.phases),
        weights=ideal(beats.weights)[np.newaxis],
        activations=interval(beats.activations, 6),
        results=interval(beats.results, 5),
    )
    yield _case("activation_ring_of_one_beat_slow", ONE_BEAT, short, slow)
    wrapping = [_random(f"phase_{i}", 7, 70 - i, 9 + i) for i in range(5)]
    yield _case("activation_ring_wraps_round", HELD, wrapping)
    ahead = [_random("first", 7, 70, 8), _random("second", 7, 12, 8)]
    far = ideal_schedules(HELD, ahead)
    yield _case(
        "next_phase_is_loaded_long_before_it_is_offered",
        HELD,
        ahead,
        Schedules(np.array([40, 1000], np.int64), far.weights, far.activations, far.results),
    )
