"""Schedules given piece by piece, and cycles passed over: the same machine, cycle for cycle."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bitsim.array.dot.model import DotArray
from bitsim.array.protocol import NEVER, STREAMS, Pause
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.phase import Phase

GAPS = st.lists(st.sampled_from([0, 0, 0, 1, 1, 2, 7, 90]), min_size=1, max_size=6)


@st.composite
def cases(draw):
    """A machine, shapes of phases, and their schedules: the phases' own and one of each stream."""
    lanes, hold = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    spec = DotSpec(
        dataflow="dot",
        columns=draw(st.integers(1, 3)),
        lanes=lanes,
        slices=draw(st.integers(1, 2)),
        hold=hold,
        weight_packing="base3",
        tree_stages=0,
        accumulator_bits=16,
        max_k=20,
        weight_fifo_beats=draw(st.integers(2, 5)),
        activation_buffer_beats=-(-20 // lanes) * hold + draw(st.integers(0, 4)),
        result_fifo_beats=draw(st.integers(2, 4)),
        skip="gate",
    )
    side = st.integers(1, 12)
    shapes = draw(st.lists(st.tuples(side, st.integers(1, 20), side), min_size=1, max_size=4))
    phases = [Phase(name="test", n=n, k=k, m=m) for n, k, m in shapes]
    tilings = [spec.tiling(phase) for phase in phases]

    def arrivals(beats):
        gaps = np.resize(np.array(draw(GAPS), np.int64), beats)
        return draw(st.integers(0, 40)) + np.cumsum(gaps)

    beats = sum(tiling.weight_beats for tiling in tilings)
    streams = spec.columns if draw(st.booleans()) else 1
    schedules = {
        "weights": np.stack([arrivals(beats) for _ in range(streams)]),
        "activations": arrivals(sum(tiling.activation_beats for tiling in tilings))[None],
        "results": arrivals(sum(tiling.result_beats for tiling in tilings))[None],
    }
    return spec, phases, arrivals(len(phases)), schedules


def offer(array, stream, beats):
    """Append (streams, beats) to a schedule."""
    if stream == "weights":
        array.offer_weights(beats)
    else:
        {"activations": array.offer_activations, "results": array.take_results}[stream](beats[0])


def whole(spec, phases, offered, schedules, leap=True):
    """Everything known from the start."""
    array = DotArray(spec, values=False, leap=leap)
    for stream, beats in schedules.items():
        offer(array, stream, beats)
        array.silence(stream, NEVER)
    done = []
    for phase, cycle in zip(phases, offered, strict=True):
        array.begin(phase, int(cycle), None, None)
        assert array.advance().needs is None
        done.append(array.result())
    return [(each.accept_cycle, each.end_cycle, each.counts) for each in done]


class Feeder:
    """Gives an array its schedules in random pieces, only when it asks, and truthful silences."""

    def __init__(self, array, schedules, rng):
        self.array, self.schedules, self.rng = array, schedules, rng
        self.given = dict.fromkeys(STREAMS, 0)

    def answer(self, pause):
        """More beats, or a promise that none comes before the next one's arrival."""
        stream, at = pause.needs, self.given[pause.needs]
        left = self.schedules[stream][:, at:]
        if left.shape[1] == 0:
            self.array.silence(stream, NEVER)
        elif left[:, 0].min() > pause.cycle and self.rng.random() < 0.7:
            self.array.silence(stream, self.rng.randint(pause.cycle + 1, int(left[:, 0].min())))
        else:
            count = self.rng.randint(1, 5)
            offer(self.array, stream, left[:, :count])
            self.given[stream] += min(count, left.shape[1])

    def until_done(self, step):
        """Call `step` until it needs nothing more; its last pause."""
        before = -1
        while (pause := step()).needs is not None:
            assert pause.cycle >= before
            before = pause.cycle
            self.answer(pause)
        return pause


@given(cases(), st.integers(0, 99))
@settings(max_examples=150)
def test_pieces_of_schedules_give_the_cycles_of_the_whole(case, seed):
    spec, phases, offered, schedules = case
    array, rng = DotArray(spec, values=False), random.Random(seed)
    feeder = Feeder(array, schedules, rng)
    done = []
    for phase, cycle in zip(phases, offered, strict=True):
        if rng.random() < 0.5:  # wait for the phase without a phase
            idle = feeder.until_done(lambda: array.idle_until(int(cycle)))  # noqa: B023
            assert idle.cycle >= cycle
        array.begin(phase, int(cycle), None, None)
        end = feeder.until_done(array.advance)
        result = array.result()
        assert end.cycle == result.end_cycle
        done.append((result.accept_cycle, result.end_cycle, result.counts))
    assert done == whole(spec, phases, offered, schedules)


@given(cases())
@settings(max_examples=150)
def test_passing_over_idle_cycles_gives_the_cycles_of_stepping(case):
    assert whole(*case, leap=True) == whole(*case, leap=False)


@given(cases())
@settings(max_examples=60)
def test_a_row_for_each_column_gives_the_cycles_of_one_row_for_all(case):
    spec, phases, offered, schedules = case
    alike = {**schedules, "weights": schedules["weights"][:1]}
    columns = np.repeat(alike["weights"], spec.columns, axis=0)
    array = DotArray(spec, values=False)
    array._level = np.zeros(spec.columns, np.int64)
    array._schedules["weights"].split(spec.columns)
    offer(array, "weights", columns)
    for stream in ("activations", "results"):
        offer(array, stream, alike[stream])
    for stream in STREAMS:
        array.silence(stream, NEVER)
    done = []
    for phase, cycle in zip(phases, offered, strict=True):
        array.begin(phase, int(cycle), None, None)
        assert array.advance().needs is None
        done.append(array.result())
    found = [(each.accept_cycle, each.end_cycle, each.counts) for each in done]
    assert found == whole(spec, phases, offered, alike)


def test_a_stream_is_asked_for_when_its_silence_ends_and_not_before(array):
    waiting = array(weights=[])
    waiting.silence("weights", 30)
    assert waiting.idle_until(29) == Pause(29, None)
    assert waiting.idle_until(30) == Pause(30, None)
    assert waiting.idle_until(31) == Pause(30, "weights")
    waiting.silence("weights", 40)
    assert waiting.idle_until(100) == Pause(40, "weights")


def test_a_beat_that_is_due_already_is_there_now(array, finish):
    late = array(weights=[])
    late.silence("weights", 30)
    assert late.idle_until(100) == Pause(30, "weights")
    late.offer_weights(np.array([3]))
    assert late.idle_until(100) == Pause(31, "weights")  # transferred in 30
    assert finish(late, tiles=1, beats=1, offered=31).counts.wait_weights == 0


def test_a_further_beat_withdraws_the_silence(array):
    waiting = array(weights=[])
    waiting.silence("weights", NEVER)
    assert waiting.idle_until(10) == Pause(10, None)
    waiting.offer_weights(np.array([20]))
    assert waiting.idle_until(100) == Pause(21, "weights")


def test_no_cycle_passes_twice_and_none_is_lost_while_idle(array):
    idle = array()
    assert idle.idle_until(50) == Pause(50, None)
    assert idle.idle_until(20) == Pause(50, None)
    assert idle.idle_until(NEVER - 1) == Pause(NEVER - 1, None)
