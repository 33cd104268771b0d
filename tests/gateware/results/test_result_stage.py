"""The result stage, every cycle and every word as docs/top.md has them, whatever the FIFO does."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from amaranth.sim import Simulator, SimulatorContext

from bitsim.gateware.results.stage import ResultStage
from bitsim.spec.link.axi4 import ResultsSpec

CODE_SLOTS = 10  # from a word's slot to its codes


@dataclass(frozen=True)
class Form:
    """One job, and the sums of its words in the order of the stream."""

    row_tiles: int
    groups: int
    digits: int
    codes: int
    words: list[list[int]]


@dataclass(frozen=True)
class Shape:
    """A stage."""

    results: ResultsSpec
    word_sums: int
    sum_bits: int
    hold: int
    beat_words: int


# In: whether a job is offered, the word that is offered, whether the FIFO has room.
# Out: whether a job and a word are taken if there is one, and the word that enters the FIFO.
Inputs = tuple[bool, list[int] | None, bool]
Outputs = tuple[bool, bool, int | None]


def plain_stage(forms: Sequence[Form], shape: Shape) -> Generator[Outputs, Inputs, None]:
    """The contract, a cycle at a time."""
    inputs = yield False, False, None
    for form in forms:
        while True:
            job = inputs[0]
            inputs = yield True, False, None
            if job:
                break
        for first in range(0, form.groups, shape.hold):
            groups = min(shape.hold, form.groups - first)
            if form.codes:
                inputs = yield from _codes(form, groups, shape, inputs)
            else:
                inputs = yield from _sums(form, groups, shape, inputs)


def _sums(
    form: Form, groups: int, shape: Shape, inputs: Inputs
) -> Generator[Outputs, Inputs, Inputs]:
    places = groups * shape.beat_words
    kept = [[0] * shape.word_sums for _ in range(places)]
    digits = max(1, form.digits)
    for tile in range(form.row_tiles):
        for place in range(places):
            last = tile % digits == digits - 1
            while True:
                _, word, room = inputs
                takes = room or not last
                total = [0] * shape.word_sums
                if word is not None:
                    before = kept[place] if tile % digits else total
                    total = [3 * old + new for old, new in zip(before, word, strict=True)]
                taken = takes and word is not None
                inputs = yield False, takes, number(total, 32) if taken and last else None
                if taken:
                    kept[place] = total
                    break
    return inputs


def _codes(
    form: Form, groups: int, shape: Shape, inputs: Inputs
) -> Generator[Outputs, Inputs, Inputs]:
    vectors: list[list[list[int]]] = [[] for _ in range(groups)]
    for _ in range(form.row_tiles):
        for vector in vectors:
            for _ in range(shape.beat_words):
                while True:
                    word = inputs[1]
                    inputs = yield False, True, None
                    if word is not None:
                        break
                vector.append(word)
    for _ in range(4):
        inputs = yield False, False, None
    for vector in vectors:
        for _ in range(shape.sum_bits + 24 + shape.sum_bits + 16 + 130):
            inputs = yield False, False, None
        sums = np.array(vector)
        largest = int(np.abs(sums).max())
        scale = np.float32(127) / np.float32(max(largest, 1))
        codes = np.rint(sums.astype(np.float32) * scale).astype(int).tolist()
        offered: int | None = largest
        slot, ended = 0, False
        while not ended:
            entered = offered is not None and inputs[2]
            moves = offered is None or entered
            inputs = yield False, False, offered if entered else None
            if not moves:
                continue
            ended = entered and slot > CODE_SLOTS + len(codes) - 1
            word_index, offered = slot - CODE_SLOTS, None
            slot += 1
            if 0 <= word_index < len(codes) and (
                word_index % 4 == 3 or word_index == len(codes) - 1
            ):
                four = codes[word_index // 4 * 4 : word_index + 1]
                offered = number([code for word in four for code in word], 8)
    return inputs


def number(values: list[int], bits: int) -> int:
    return sum((value & ((1 << bits) - 1)) << bits * i for i, value in enumerate(values))


def random_form(rng: np.random.Generator, shape: Shape, codes: int) -> Form:
    """Sums of all sizes; more groups than a block has, and fewer."""
    results = shape.results
    digits = 1 if codes else int(rng.integers(0, results.digits + 1))
    groups = int(rng.integers(1, shape.hold + 3))
    row_tiles = int(rng.integers(1, 5)) * max(1, digits)
    if codes:
        row_tiles = int(rng.integers(1, results.code_beats // min(shape.hold, groups) + 1))
    most = int(rng.choice([1, 2, 3, 127, 200, (1 << shape.sum_bits - 1) - 1]))
    count = row_tiles * groups * shape.beat_words
    words = rng.integers(-most, most + 1, (count, shape.word_sums))
    if rng.random() < 0.3:
        words[rng.random(words.shape) < 0.2] = most
        words[rng.random(words.shape) < 0.2] = -most
    return Form(row_tiles, groups, digits, codes, words.tolist())


SHAPES = {
    # One sum a word, one word a beat, one group: what is kept is a register.
    "least": Shape(ResultsSpec(digits=3, code_beats=5), 1, 9, 1, 1),
    # A block of one word and one of several; the codes of a beat are half a word.
    "one_word": Shape(ResultsSpec(digits=6, code_beats=12), 2, 12, 3, 1),
    "board": Shape(ResultsSpec(digits=6, code_beats=12), 4, 21, 4, 3),
    "widest": Shape(ResultsSpec(digits=2, code_beats=6), 16, 25, 2, 1),
    "digits_alone": Shape(ResultsSpec(digits=4, code_beats=0), 2, 20, 3, 2),
    "codes_alone": Shape(ResultsSpec(digits=1, code_beats=9), 8, 20, 3, 2),
}
CODES = {"widest": [0, 1], "board": [0, 1, 0, 1], "digits_alone": [0] * 12}


@pytest.mark.parametrize("name", SHAPES)
def test_the_stage_does_in_every_cycle_what_the_contract_says(name: str) -> None:
    shape = SHAPES[name]
    rng = np.random.default_rng([shape.word_sums, shape.sum_bits])
    forms = [random_form(rng, shape, codes) for codes in CODES.get(name, [1, 0, 1, 0, 0])]
    stage = ResultStage(
        shape.results, 32 * shape.word_sums, shape.sum_bits, shape.hold, shape.beat_words
    )
    words = [word for form in forms for word in form.words]

    async def bench(ctx: SimulatorContext) -> None:
        plain = plain_stage(forms, shape)
        next(plain)
        jobs_taken = words_taken = cycle = 0
        while True:
            job = jobs_taken < len(forms) and rng.random() < 0.7
            valid = words_taken < len(words) and rng.random() < 0.8
            room = rng.random() < (0.3 if cycle % 600 > 400 else 0.9)
            word = words[words_taken] if valid else None
            ctx.set(stage.jobs.valid, job)
            if job:
                for field, _ in stage.jobs.payload.shape():
                    ctx.set(stage.jobs.payload[field], getattr(forms[jobs_taken], field))
            ctx.set(stage.words.valid, valid)
            ctx.set(stage.words.payload, number(word or [0x5A5A5A5A] * shape.word_sums, 32))
            ctx.set(stage.room, room)
            try:
                takes_job, takes_word, pushed = plain.send((job, word, room))
            except StopIteration:
                break
            assert ctx.get(stage.jobs.ready) == takes_job, cycle
            assert ctx.get(stage.words.ready) == takes_word, cycle
            assert ctx.get(stage.push) == (pushed is not None), cycle
            if pushed is not None:
                assert ctx.get(stage.pushed) == pushed, cycle
            jobs_taken += job and takes_job
            words_taken += valid and takes_word
            cycle += 1
            await ctx.tick()
        assert (jobs_taken, words_taken) == (len(forms), len(words))
        assert ctx.get(stage.jobs.ready) == 1

    simulator = Simulator(stage)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
