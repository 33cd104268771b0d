"""Only a `BitsimError` comes out of a reader, whatever it is given."""

from __future__ import annotations

import importlib.util
from itertools import islice
from random import Random

import pytest

from tests.fuzz.run import fuzz
from tests.fuzz.targets import TARGETS, Reader, Target

SECONDS = 60
LEAST_EXECUTIONS = 3000  # of the slowest target; others have ten to fifty times as many
NEEDS_ATHERIS = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="no atheris: it has wheels for x86_64 Linux and Python 3.11 to 3.13",
)
NAMES = pytest.mark.parametrize("name", TARGETS)


def changed(target: Target, seeds: list[bytes]):
    """Inputs like the fuzzer's, without its guidance; the same each time."""
    random = Random(1)
    form = target.mutate
    while True:
        data = random.choice(seeds)
        formed = form(data, random) if form and random.randrange(2) else None
        if formed is not None:
            yield formed
            continue
        place, raw = random.randrange(len(data) + 1), bytearray(data)
        kind = random.randrange(4)
        if kind == 0:
            raw = raw[:place]
        elif kind == 1:
            raw[place:place] = random.choice(seeds)[:64]
        elif kind == 2:
            raw[place : place + 8] = random.randbytes(8)
        else:
            raw[place : place + 1] = bytes([1 << random.randrange(8)])
        yield bytes(raw)


@NAMES
def test_sound_bytes_are_taken(tmp_path, name):
    reader = Reader(TARGETS[name], tmp_path)
    for data in TARGETS[name].good():
        assert reader.read(data)


@NAMES
def test_seeds_and_changed_seeds_load_or_are_refused(tmp_path, name):
    reader, seeds = Reader(TARGETS[name], tmp_path), TARGETS[name].seeds()
    taken = [reader.read(data) for data in seeds]
    taken += [reader.read(data) for data in islice(changed(TARGETS[name], seeds), 200)]
    assert any(taken) and not all(taken)


@pytest.mark.parametrize("error", [KeyError("a"), RecursionError(), MemoryError()])
def test_what_else_a_reader_raises_is_a_finding(tmp_path, error):
    def raises(path):
        raise error

    with pytest.raises(type(error)):
        Reader(Target("a", raises, list), tmp_path).read(b"")


@pytest.mark.full
@NEEDS_ATHERIS
def test_the_fuzzer_finds_a_planted_fault(tmp_path):
    reached = fuzz("planted", tmp_path, runs=200_000)
    assert "KeyError: 'the planted fault'" in reached.finding


@pytest.mark.full
@NEEDS_ATHERIS
@NAMES
def test_a_minute_of_fuzzing_finds_nothing(tmp_path, name):
    reached = fuzz(name, tmp_path, seconds=SECONDS)
    print(name, reached)
    assert not reached.finding, reached.finding
    assert reached.executions >= LEAST_EXECUTIONS
    assert reached.edges >= reached.seeds_edges > 0
