"""What no array can beat, and what may never get worse when the world gets better."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bitsim.array import make_array
from bitsim.array.protocol import NEVER, STREAMS
from bitsim.array.replay import replay
from bitsim.spec import encoding
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.phase import Phase
from bitsim.trace.job import Job, Schedules
from bitsim.units import ceil_div

MAX_K = 40


@st.composite
def machines(draw):
    """A small machine; every size that a bound mentions varies."""
    lanes, hold = draw(st.integers(1, 9)), draw(st.integers(1, 4))
    return DotSpec(
        dataflow="dot",
        columns=draw(st.integers(1, 4)),
        lanes=lanes,
        slices=draw(st.integers(1, 3)),
        hold=hold,
        weight_packing=draw(st.sampled_from(encoding.PACKINGS)),
        tree_stages=0,
        accumulator_bits=16,
        max_k=MAX_K,
        weight_fifo_beats=draw(st.integers(2, 5)),
        activation_buffer_beats=ceil_div(MAX_K, lanes) * hold + draw(st.integers(0, 9)),
        result_fifo_beats=draw(st.integers(2, 4)),
        skip="gate",
    )


SHAPES = st.tuples(st.integers(1, 14), st.integers(1, MAX_K), st.integers(1, 9))
GAPS = st.lists(st.sampled_from([0, 0, 1, 1, 2, 5, 20]), min_size=1, max_size=5)
WORLDS = st.tuples(GAPS, GAPS, GAPS)


def arrivals(gaps, beats):
    """Cycles with these gaps, over and over."""
    return np.cumsum(np.resize(np.array(gaps, np.int64), beats))


def world(spec, phase, gaps):
    """The three streams' schedules of one phase."""
    tiling = spec.tiling(phase)
    beats = (tiling.weight_beats, tiling.activation_beats, tiling.result_beats)
    return [arrivals(each, count) for each, count in zip(gaps, beats, strict=True)]


def run(spec, phase, schedules):
    """Timing alone."""
    array = make_array(spec, values=False)
    array.offer_weights(schedules[0])
    array.offer_activations(schedules[1])
    array.take_results(schedules[2])
    for stream in STREAMS:
        array.silence(stream, NEVER)
    array.begin(phase, 0, None, None)
    assert array.advance().needs is None
    return array.result()


def a_phase(shape):
    n, k, m = shape
    return Phase(name="test", n=n, k=k, m=m)


@given(machines(), SHAPES, WORLDS)
@settings(max_examples=150)
def test_no_phase_beats_its_lanes_or_any_of_its_streams(spec, shape, gaps):
    phase = a_phase(shape)
    n, k, m = shape
    schedules = world(spec, phase, gaps)
    result = run(spec, phase, schedules)
    counts, latency_cycles = result.counts, spec.latency_cycles
    busy = ceil_div(n, spec.columns) * ceil_div(k, spec.lanes) * ceil_div(m, spec.slices)
    assert counts.busy == busy
    assert counts.cycles >= busy + latency_cycles
    assert counts.drain >= latency_cycles
    assert counts.cycles == result.end_cycle - result.first_cycle
    weights, activations, takes = schedules
    # The last beat is used, at the earliest, in the cycle after its arrival.
    assert result.end_cycle >= max(weights[-1], activations[-1]) + 1 + latency_cycles + 1
    assert result.end_cycle >= takes[-1] + 1
    # One beat a cycle and stream, and one step a cycle.
    assert result.end_cycle >= max(weights.size, activations.size, takes.size)


@given(machines(), SHAPES, WORLDS, st.integers(0, 2), st.integers(0, 99), st.integers(1, 40))
@settings(max_examples=200)
def test_a_later_beat_never_ends_a_phase_earlier(spec, shape, gaps, stream, beat, later):
    phase = a_phase(shape)
    schedules = world(spec, phase, gaps)
    before = run(spec, phase, schedules)
    schedules[stream][beat % schedules[stream].size] += later
    after = run(spec, phase, schedules)
    assert before.end_cycle <= after.end_cycle <= before.end_cycle + later


@given(machines(), SHAPES, st.integers(1, 12), st.integers(1, 12), st.integers(0, 30))
@settings(max_examples=100)
def test_more_bandwidth_is_never_slower(spec, shape, gap, other_gap, latency):
    phase = a_phase(shape)
    beats = spec.tiling(phase).weight_beats

    def end_cycle(numerator):
        schedules = world(spec, phase, ([0], [0], [0]))
        schedules[0] = latency + np.arange(beats) * numerator // 4
        return run(spec, phase, schedules).end_cycle

    slower, faster = max(gap, other_gap), min(gap, other_gap)
    assert end_cycle(faster) <= end_cycle(slower)
    assert end_cycle(slower) >= latency + (beats - 1) * slower // 4  # the weights' own time


@given(machines(), SHAPES, WORLDS, st.data())
@settings(max_examples=100)
def test_more_room_is_never_slower(spec, shape, gaps, data):
    phase = a_phase(shape)
    field = data.draw(
        st.sampled_from(["weight_fifo_beats", "activation_buffer_beats", "result_fifo_beats"])
    )
    larger = spec.model_copy(update={field: getattr(spec, field) + data.draw(st.integers(1, 9))})
    schedules = world(spec, phase, gaps)
    assert run(larger, phase, schedules).end_cycle <= run(spec, phase, schedules).end_cycle


@given(machines(), SHAPES, WORLDS, st.integers(0, 99))
@settings(max_examples=60)
def test_every_lane_adds_subtracts_or_skips_in_every_busy_cycle(spec, shape, gaps, seed):
    n, k, m = shape
    rng = np.random.default_rng(seed)
    job = Job(
        "test",
        rng.integers(-1, 2, (n, k)).astype(np.int8),
        rng.integers(-2, 3, (m, k)).astype(np.int8),
    )
    weights, activations, results = world(spec, job.phase, gaps)
    schedules = Schedules(np.zeros(1, np.int64), weights[None], activations, results)
    (result,) = replay(spec, [job], schedules)
    counts = result.counts
    assert counts.adds + counts.subtracts + counts.skips == spec.peak_products * counts.busy
    assert counts.adds + counts.subtracts <= job.phase.products
    by_cause = counts.wait_weights + counts.wait_activations + counts.wait_results
    assert counts.busy + by_cause + counts.drain == counts.cycles
