"""`make bench`: every `measure()` of this folder, as ratios against a named alternative.

A figure is the median of several runs; behind a ratio stand the least and the most of them.
Absolute figures are of the machine it runs on; a ratio is of one run on one machine.

    python -m tests.bench.run [--json] [NAME ...]       NAME: array, head, reference, start, ...
"""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
NAMES = sorted(path.stem.removesuffix("_speed") for path in FOLDER.glob("*_speed.py"))


def main(words: list[str]) -> None:
    """Measure, print a table, or JSON lines."""
    as_json = "--json" in words
    for name in [word for word in words if word != "--json"] or NAMES:
        bench = importlib.import_module(f"tests.bench.{name}_speed")
        for row in bench.measure(bench.FULL):
            print(json.dumps(asdict(row)) if as_json else row.text(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
