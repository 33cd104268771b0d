"""`make test-full SLICE=k/N`: the tests marked `full` in parts, and which of them held, and when.

A slice is what fits into `SLICE_S` by the recorded seconds, so that it ends within twelve minutes
however large the suite grows; the suite has as many slices as that takes. What has no record yet is
taken to be long. `SLICE=state` runs nothing and tells of every slice what held.

A test that held stands in `record.toml` with the commit, and with the digest of what decided it:
the code that its file imports, and the folders of data. It counts for as long as that is the same.
"""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.full.deciding import deciding_digest
from tests.seconds import function_of, recorded

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("record.toml")
HEADING = (
    "# Tests marked `full` that held, with which code. Written by `make test-full SLICE=k/N`.\n"
)

SLICE_S = 600.0
UNKNOWN_S = 120.0


@dataclass(frozen=True)
class Held:
    """A test held at this commit, when what decides it had this digest."""

    commit: str
    digest: str


def slices_of(
    tests: Iterable[str], seconds: Mapping[str, float], slice_s: float = SLICE_S
) -> list[list[str]]:
    """The node ids, sorted, in as few runs of at most `slice_s` as that order takes."""
    slices: list[list[str]] = []
    spent_s = slice_s
    for test in sorted(tests):
        test_s = seconds.get(function_of(test), UNKNOWN_S)
        if spent_s + test_s > slice_s:
            slices.append([])
            spent_s = 0.0
        slices[-1].append(test)
        spent_s += test_s
    return slices


def chosen(slices: Sequence[Sequence[str]], asked: str) -> list[str]:
    """The tests of slice `k/N`; `pytest.UsageError` if there are not N."""
    number, _, count = asked.partition("/")
    if not (number.isdecimal() and count == str(len(slices)) and 1 <= int(number) <= len(slices)):
        raise pytest.UsageError(
            f"SLICE={asked}: there are {len(slices)} slices, 1/{len(slices)} to "
            f"{len(slices)}/{len(slices)}; SLICE=state tells which held"
        )
    return list(slices[int(number) - 1])


def read_record(path: Path = RECORD) -> dict[str, Held]:
    """What held, by node id."""
    tables = tomllib.loads(path.read_text()) if path.exists() else {}
    return {test: Held(**table) for test, table in tables.items()}


def write_record(held: Mapping[str, Held], path: Path = RECORD) -> None:
    """The whole record anew."""
    lines = [
        f"{json.dumps(test, ensure_ascii=False)} = "
        f"{{ commit = {json.dumps(each.commit)}, digest = {json.dumps(each.digest)} }}\n"
        for test, each in sorted(held.items())
    ]
    path.write_text(HEADING + "".join(lines))


def state(slices: Sequence[Sequence[str]], held: Mapping[str, Held]) -> list[str]:
    """A line a slice: how many of its tests count for the code as it is."""
    lines = []
    for number, tests in enumerate(slices, 1):
        counting = [
            test
            for test in tests
            if test in held and held[test].digest == deciding_digest(test.partition("::")[0])
        ]
        commits = sorted({held[test].commit for test in counting})
        told = f"{len(counting)} of {len(tests)} hold"
        lines.append(f"{number}/{len(slices)}: {told}{' at ' * bool(commits)}{', '.join(commits)}")
    return lines


class Slice:
    """The plugin: chooses the tests of a slice, and records those that held."""

    def __init__(self, asked: str) -> None:
        self.asked = asked
        self.passed: set[str] = set()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Of the tests that are left, those of the slice."""
        names = set(chosen(slices_of((item.nodeid for item in items), recorded()), self.asked))
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in names])
        items[:] = [item for item in items if item.nodeid in names]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Where there are workers, their reports arrive in the process that hands out."""
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write down what held; a worker leaves that to the process that hands out."""
        if hasattr(session.config, "workerinput") or not self.passed:
            return
        command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
        commit = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        held = read_record()
        for test in self.passed:
            digest = deciding_digest(test.partition("::")[0])
            held[test] = Held(commit.stdout.strip(), digest)
        write_record(held)
