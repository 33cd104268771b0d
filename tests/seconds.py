"""How long each test takes, as recorded: what the order of the tests and the slices are made from.

    python -m tests.seconds REPORT.xml ...      takes over what pytest's --junitxml reports say

One line a test function with the mean of its cases, whatever is below `LEAST` left out. The numbers
are of one machine on one day. They decide who waits for whom, never whether a test passes.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "tests" / "seconds.toml"
LEAST = 0.2
HEADING = "# Seconds of a case of each test, its fixtures included; see tests.seconds.\n"


def function_of(node_id: str) -> str:
    """`path::test` of `path::test[case]`."""
    return node_id.partition("[")[0]


def recorded(path: Path = RECORD) -> dict[str, float]:
    """Seconds of one case of each function that is long enough to be in the record."""
    return tomllib.loads(path.read_text()) if path.exists() else {}


def reported(report: Path) -> dict[str, float]:
    """The same from a junit report: the mean over the cases of each function."""
    cases = defaultdict(list)
    for case in ElementTree.parse(report).iter("testcase"):
        path = case.attrib["classname"].replace(".", "/") + ".py"
        cases[f"{path}::{function_of(case.attrib['name'])}"].append(float(case.attrib["time"]))
    return {function: sum(each) / len(each) for function, each in cases.items()}


def text_of(seconds: dict[str, float]) -> str:
    lines = [
        f"{json.dumps(function)} = {value:.1f}\n"
        for function, value in sorted(seconds.items())
        if value >= LEAST
    ]
    return HEADING + "".join(lines)


def main(reports: Iterable[str]) -> None:
    seconds = recorded()
    for report in reports:
        seconds |= reported(Path(report))
    there = {
        function: value
        for function, value in seconds.items()
        if (ROOT / function.partition("::")[0]).exists()
    }
    RECORD.write_text(text_of(there))


if __name__ == "__main__":
    main(sys.argv[1:])
