"""`make bench`: every `measure()` of this folder, as ratios against a named alternative.

Absolute figures are of the machine it runs on; a ratio is of one run on one machine.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).resolve().parent


def load(path: Path) -> ModuleType:
    """Import a file of this folder by its path: tests is no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Measure, print a table, and the same as JSON lines with --json."""
    as_json = "--json" in sys.argv[1:]
    for path in sorted(FOLDER.glob("*_speed.py")):
        for row in load(path).measure():
            if as_json:
                print(json.dumps(row), flush=True)
                continue
            ratio = "" if row.get("ratio") is None else f"{row['ratio']:.2f} x {row['alternative']}"
            print(f"{row['name']:58s} {row['value']:14,.1f} {row['unit']:12s} {ratio}", flush=True)


if __name__ == "__main__":
    main()
