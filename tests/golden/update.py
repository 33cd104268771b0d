"""Writes the golden outputs again: `python tests/golden/update.py`, in a commit that says why."""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

from outputs import OUTPUTS, output_of  # noqa: E402

for name, argv in OUTPUTS.items():
    (FOLDER / name).write_text(output_of(argv))
    print(name)
