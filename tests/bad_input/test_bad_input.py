"""Every bad file gets one clear line for each fault, exit status 2, and does no harm."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bad_input.bad_file import BadFile
from tests.bad_input.corpus import OF_WEIGHTS, corpus, counts, good_inputs
from tests.bad_input.worker import EXTRA_BYTES, Outcome, Worker

CORPUS = corpus()
MOST_LINES = 52  # of one description: 50 faults, and that there are more
MOST_LINE = 1200
MOST_SECONDS = 2
REMEDY = re.compile(
    r"[;:,] (write|download|use|mend|name|convert|remove|add|check|set|copy|record|save|shorten"
    r"|the nearest is|must|only|'\w+' and '\w+' are|Input should|.* (is|are) (read|computed))|"
    r" is not a multiple of | is outside the vocabulary of | is missing; "
)


@pytest.fixture(scope="module")
def worker():
    worker = Worker(good_inputs())
    yield worker
    worker.close()


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of everything below a folder."""
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def check(bad: BadFile, outcome: Outcome) -> None:
    """One clear line, in time and in memory."""
    lines = outcome.err.splitlines()
    assert outcome.status == 2, outcome
    assert outcome.out == ""
    assert 1 <= len(lines) <= (1 if bad.kind in OF_WEIGHTS else MOST_LINES), lines
    assert all(line.startswith("bitsim") and len(line) < MOST_LINE for line in lines), lines
    assert all(line.isprintable() for line in lines)
    assert all(bad.blamed in line for line in lines)
    assert any(bad.says in line for line in lines), lines
    if bad.kind in OF_WEIGHTS:
        assert REMEDY.search(lines[0]), lines
    assert outcome.seconds < MOST_SECONDS
    assert outcome.extra_bytes < EXTRA_BYTES


def test_over_200_files_are_bad_gguf_safetensors_checkpoints_or_tokenizers():
    found = counts()
    assert sum(found[kind] for kind in OF_WEIGHTS) >= 200
    assert all(found[kind] >= 14 for kind in OF_WEIGHTS)
    assert found["GGUF"] >= 150
    assert len({(bad.kind, bad.name) for bad in CORPUS}) == len(CORPUS) >= 500


def test_what_the_faults_were_put_into_is_sound(tmp_path, worker):
    for number, good in enumerate(good_inputs()):
        good.write(tmp_path / str(number) / "here")
        outcome = worker.run(good, tmp_path / str(number))
        assert outcome.status == 0, (good.name, outcome)


def test_memory_that_a_command_takes_is_measured_and_bounded(worker):
    assert 63 << 20 <= worker.take(64 << 20).extra_bytes < 96 << 20
    assert worker.take(1 << 20).extra_bytes < 32 << 20  # given back
    beyond = worker.take(EXTRA_BYTES + (16 << 20))
    assert beyond.status == -1
    assert "MemoryError" in beyond.err


@pytest.mark.parametrize("bad", CORPUS, ids=lambda bad: f"{bad.kind}: {bad.name:.90}")
def test_bad_input_is_refused(tmp_path, worker, bad):
    bad.write(tmp_path / "here")
    before = tree(tmp_path)
    outcome = worker.run(bad, tmp_path)
    for _ in range(2):  # other work on the machine makes this one slower: the best of three
        if outcome.seconds >= MOST_SECONDS:
            again = worker.run(bad, tmp_path)
            outcome = replace(outcome, seconds=min(outcome.seconds, again.seconds))
    check(bad, outcome)
    assert tree(tmp_path) == before


PROGRAM = "import sys; from bitsim.cli import main; sys.exit(main())"
SAMPLE = [bad for number, bad in enumerate(CORPUS) if bad.kind in OF_WEIGHTS and number % 61 == 0]


def empty_like(bad: BadFile) -> BadFile:
    """With a file of 0 bytes in place of the bad one."""
    files = {path: content for path, content in bad.files.items() if bad.blamed not in path}
    return replace(bad, files=files | {bad.blamed: b""}, sizes={})


@pytest.mark.parametrize("bad", SAMPLE, ids=lambda bad: f"{bad.kind}: {bad.name:.90}")
def test_the_program_itself_refuses_bad_input(tmp_path, bad):
    """A process of its own. Memory and processor time are told beside those of a file of 0 bytes:
    most of both is the start of Python."""
    costs = []
    for name, each in (("empty", empty_like(bad)), ("bad", bad)):
        folder = tmp_path / name
        folder.mkdir()
        each.write(folder / "here")
        before = tree(folder)
        argv = [sys.executable, "-c", PROGRAM, *each.command(folder / "here", folder / "out")]
        with (tmp_path / "err").open("w+") as err:
            process = subprocess.Popen(argv, cwd=folder, stdout=subprocess.PIPE, stderr=err)
            out = process.stdout.read().decode()
            _, status, usage = os.wait4(process.pid, 0)
            err.seek(0)
            costs.append((usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime))
            extra_bytes, extra_seconds = (costs[-1][i] - costs[0][i] for i in range(2))
            text = err.read()
        outcome = Outcome(os.waitstatus_to_exitcode(status), out, text, extra_seconds, extra_bytes)
        assert tree(folder) == before
    check(bad, outcome)
