"""The array against a machine that moves every byte: docs/machine.md read a second time.

Queues are deques of packed bytes, the activation buffer a list that is written and read, sums
travel through a pipeline into accumulators and from there into a queue; slow and plain.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from functools import partial

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bitsim.array.replay import replay
from bitsim.spec import encoding
from bitsim.spec.array.dot import DotSpec
from bitsim.trace.job import Job, Schedules


def padded(matrix, rows, width):
    """The matrix with zeros below and to its right."""
    whole = np.zeros((rows, width), np.int8)
    whole[: matrix.shape[0], : matrix.shape[1]] = matrix
    return whole


@dataclass(frozen=True)
class Step:
    """One cycle's work."""

    group: int  # of its block
    activation: int  # beat, from reset on
    first_beat: bool
    last_beat: bool
    last_group: bool
    last_tile: bool


class PlainMachine:
    """One array from reset on. `run` does one job after the other, as the schedules say."""

    def __init__(self, spec, schedules):
        self.spec = spec
        self.schedules = schedules
        self.cycle = 0
        self.offered_weights = [[] for _ in range(spec.columns)]  # all beats, from reset on
        self.offered_activations = []
        self.queues = [deque() for _ in range(spec.columns)]
        self.queued = [0] * spec.columns
        self.buffer = [None] * spec.activation_buffer_beats
        self.loaded = self.freed = 0
        self.places = spec.result_fifo_beats
        self.pipeline = deque()
        self.accumulators = {}
        self.results = deque()
        self.taken = 0

    def blocks(self, job):
        """Lists of groups."""
        groups = range(-(-job.activations.shape[0] // self.spec.slices))
        return [groups[b : b + self.spec.hold] for b in range(0, len(groups), self.spec.hold)]

    def tiles_and_beats(self, job):
        """Row tiles and K beats."""
        n, k = job.weights.shape
        return -(-n // self.spec.columns), -(-k // self.spec.lanes)

    def write_streams(self, job):
        """Append what a job's streams carry; the steps of the job, in order."""
        spec, (tiles, beats) = self.spec, self.tiles_and_beats(job)
        vectors_in_all = (self.blocks(job)[-1][-1] + 1) * spec.slices
        weights = padded(job.weights, tiles * spec.columns, beats * spec.lanes)
        vectors = padded(job.activations, vectors_in_all, beats * spec.lanes)
        lanes = [slice(beat * spec.lanes, (beat + 1) * spec.lanes) for beat in range(beats)]
        steps = deque()
        for block in self.blocks(job):
            b0 = len(self.offered_activations)
            for tile in range(tiles):
                for beat in range(beats):
                    for column in range(spec.columns):
                        row = weights[tile * spec.columns + column, lanes[beat]]
                        packed = encoding.pack(row, spec.weight_packing)
                        self.offered_weights[column].append(packed)
                    steps += [
                        Step(
                            group,
                            activation=b0 + beat * len(block) + group,
                            first_beat=beat == 0,
                            last_beat=beat == beats - 1,
                            last_group=group == len(block) - 1,
                            last_tile=tile == tiles - 1,
                        )
                        for group in range(len(block))
                    ]
            for beat in range(beats):
                for group in block:
                    rows = slice(group * spec.slices, (group + 1) * spec.slices)
                    self.offered_activations.append(vectors[rows, lanes[beat]])
        return steps

    def run(self, job, steps, offered):
        """Step until the job has ended: accepted in, ended before, classes, lanes, output."""
        running = False
        classes = Counter(busy=0, wait_weights=0, wait_activations=0, wait_results=0, drain=0)
        self.lanes = Counter(adds=0, subtracts=0, skips=0)
        self.finished = []
        tiles, _ = self.tiles_and_beats(job)
        wanted = tiles * (self.blocks(job)[-1][-1] + 1)
        while True:
            if running:
                kind = self.kind_of_cycle(steps)
                classes[kind] += 1
            changes = self.transfers() + self.pipeline_moves()
            if running and kind == "busy":
                changes += self.issue(steps.popleft())
            if not running and self.cycle >= offered:
                running, accepted = True, self.cycle
            for change in changes:  # state changes at the end of the cycle
                change()
            self.cycle += 1
            if len(self.finished) == wanted:
                return accepted, self.cycle, classes, self.lanes, self.output(job)

    def kind_of_cycle(self, steps):
        """The first class that applies."""
        if not steps:
            return "drain"
        if any(not queue for queue in self.queues):
            return "wait_weights"
        if steps[0].activation >= self.loaded:
            return "wait_activations"
        if steps[0].last_beat and self.places == 0:
            return "wait_results"
        return "busy"

    def transfers(self):
        """What each stream's valid and ready do at the end of this cycle."""
        changes = []
        for column, queue in enumerate(self.queues):
            arrivals = self.schedules.weights[column % self.schedules.weights.shape[0]]
            at = self.queued[column]
            valid = at < arrivals.size and self.cycle >= arrivals[at]
            if valid and len(queue) < self.spec.weight_fifo_beats:
                changes.append(partial(self.queue_weights, column))
        arrivals = self.schedules.activations
        valid = self.loaded < arrivals.size and self.cycle >= arrivals[self.loaded]
        if valid and self.loaded - self.freed < len(self.buffer):
            changes.append(self.load_activations)
        assert len(self.results) <= self.spec.result_fifo_beats
        if self.results and self.cycle >= self.schedules.results[self.taken]:
            changes.append(self.take_result)
        return changes

    def queue_weights(self, column):
        self.queues[column].append(self.offered_weights[column][self.queued[column]])
        self.queued[column] += 1

    def load_activations(self):
        self.buffer[self.loaded % len(self.buffer)] = self.offered_activations[self.loaded]
        self.loaded += 1

    def take_result(self):
        self.finished.append(self.results.popleft())
        self.taken += 1
        self.places += 1

    def pipeline_moves(self):
        """Sums reach their accumulator T + 2 cycles after the issue, the queue T + 3."""
        changes = []
        for issued, step, sums in self.pipeline:
            age = self.cycle - issued - self.spec.tree_stages
            if age == 2:
                before = 0 if step.first_beat else self.accumulators[step.group]
                total = self.wrapped(before + sums)
                changes.append(partial(self.accumulators.__setitem__, step.group, total))
            elif age == 3 and step.last_beat:
                changes.append(partial(self.results.append, self.accumulators[step.group]))
        while self.pipeline and self.pipeline[0][0] + self.spec.tree_stages + 3 <= self.cycle:
            self.pipeline.popleft()
        return changes

    def wrapped(self, total):
        half = 1 << self.spec.accumulator_bits - 1
        return (total + half) % (2 * half) - half

    def issue(self, step):
        """Every lane adds, subtracts or skips; what the step uses up is given up."""
        spec = self.spec
        vectors = self.buffer[step.activation % len(self.buffer)]
        sums = np.zeros((spec.columns, spec.slices), np.int64)
        for column, queue in enumerate(self.queues):
            weights = encoding.unpack(queue[0], spec.lanes, spec.weight_packing)
            for index, vector in enumerate(vectors):
                for weight, activation in zip(weights.tolist(), vector.tolist(), strict=True):
                    if weight == 0 or activation == 0:
                        self.lanes["skips"] += 1
                    else:
                        self.lanes["adds" if weight > 0 else "subtracts"] += 1
                        sums[column, index] += weight * activation
        changes = [partial(self.pipeline.append, (self.cycle, step, sums))]
        if step.last_group:
            changes += [queue.popleft for queue in self.queues]
        if step.last_beat:
            changes.append(self.give_place)
        if step.last_tile:
            changes.append(self.free_activation)
        return changes

    def give_place(self):
        self.places -= 1

    def free_activation(self):
        self.freed += 1

    def output(self, job):
        """(m, n) from the result beats in their order."""
        spec, (n, m) = self.spec, (job.weights.shape[0], job.activations.shape[0])
        tiles, _ = self.tiles_and_beats(job)
        whole = np.zeros((m + spec.slices, tiles * spec.columns), np.int64)
        beats = iter(self.finished)
        for block in self.blocks(job):
            for tile in range(tiles):
                for group in block:
                    rows = slice(group * spec.slices, (group + 1) * spec.slices)
                    columns = slice(tile * spec.columns, (tile + 1) * spec.columns)
                    whole[rows, columns] = next(beats).T
        return whole[:m, :n]


GAPS = st.lists(st.sampled_from([0, 0, 0, 1, 1, 2, 7, 30]), min_size=1, max_size=6)


@st.composite
def cases(draw):
    """A small machine, up to three jobs, and schedules for them with gaps on every stream."""
    shapes = draw(
        st.lists(
            st.tuples(st.integers(1, 9), st.integers(1, 16), st.integers(1, 7)),
            min_size=1,
            max_size=3,
        )
    )
    lanes, hold = draw(st.integers(1, 11)), draw(st.sampled_from([1, 2, 3, 9]))
    max_k = max(k for _, k, _ in shapes)
    block_beats = -(-max_k // lanes) * hold
    fits = max(9, (128 * max_k).bit_length() + 1)
    narrow = draw(st.booleans()) and draw(st.booleans())
    fields = {
        "dataflow": "dot",
        "columns": draw(st.integers(1, 4)),
        "lanes": lanes,
        "slices": draw(st.integers(1, 3)),
        "hold": hold,
        "weight_packing": draw(st.sampled_from(encoding.PACKINGS)),
        "tree_stages": draw(st.integers(0, (lanes - 1).bit_length())),
        "accumulator_bits": 9 if narrow else fits,
        "max_k": max_k,
        "weight_fifo_beats": draw(st.integers(2, 4)),
        "activation_buffer_beats": block_beats + draw(st.integers(0, 5)),
        "result_fifo_beats": draw(st.integers(2, 4)),
        "skip": "gate",
    }
    # A machine whose accumulators overflow is refused by its spec, but wraps like any other.
    spec = DotSpec.model_construct(**fields) if narrow else DotSpec(**fields)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    jobs = [
        Job(
            name=f"job{index}",
            weights=rng.integers(-1, 2, (n, k)).astype(np.int8),
            activations=rng.choice([-128, -127, -3, 0, 0, 1, 127], (m, k)).astype(np.int8),
        )
        for index, (n, k, m) in enumerate(shapes)
    ]
    tilings = [spec.tiling(job.phase) for job in jobs]

    def arrivals(beats):
        gaps = np.resize(np.array(draw(GAPS), np.int64), beats)
        return draw(st.integers(0, 12)) + np.cumsum(gaps)

    beats = sum(tiling.weight_beats for tiling in tilings)
    streams = spec.columns if draw(st.booleans()) else 1
    schedules = Schedules(
        phases=arrivals(len(jobs)),
        weights=np.stack([arrivals(beats) for _ in range(streams)]),
        activations=arrivals(sum(tiling.activation_beats for tiling in tilings)),
        results=arrivals(sum(tiling.result_beats for tiling in tilings)),
    )
    return spec, jobs, schedules, narrow


@given(cases())
@settings(max_examples=80)
def test_every_value_cycle_and_counter_is_that_of_the_plain_machine(case):
    spec, jobs, schedules, narrow = case
    plain = PlainMachine(spec, schedules)
    steps = [plain.write_streams(job) for job in jobs]
    results = replay(spec, jobs, schedules)
    for job, its, offered, result in zip(jobs, steps, schedules.phases, results, strict=True):
        accepted, end, classes, lanes, output = plain.run(job, its, offered)
        assert (result.accept_cycle, result.end_cycle) == (accepted, end)
        assert {name: getattr(result.counts, name) for name in classes} == classes
        assert result.counts.cycles == sum(classes.values()) == end - accepted - 1
        assert {name: getattr(result.counts, name) for name in lanes} == lanes
        assert np.array_equal(result.output, output)
        if not narrow:
            assert np.array_equal(result.output, job.expected())
