"""Executes the notebooks: `python tests/docs/notebooks.py` writes their output again."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
LONGEST_S = 300  # of one cell


def read(path):
    """The notebook of a file."""
    import nbformat  # slow to import, and every worker imports this file

    return nbformat.read(path, as_version=4)


def executed(path, folder):
    """The notebook run from its first cell on, in a kernel of its own that works in `folder`."""
    from nbclient import NotebookClient

    (ROOT / "build").mkdir(exist_ok=True)  # simulators that were built for another test are there
    (folder / "build").symlink_to(ROOT / "build")
    notebook = read(path)
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    place = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=LONGEST_S, resources=place).execute()
    return notebook


def texts(notebook):
    """What each cell printed or showed, as text."""
    return [
        [
            each["text"] if each["output_type"] == "stream" else each["data"]["text/plain"]
            for each in cell["outputs"]
        ]
        for cell in notebook.cells
        if cell["cell_type"] == "code"
    ]


def stored(notebook):
    """The notebook without what differs from one run to the next."""
    for cell in notebook.cells:
        cell["metadata"].pop("execution", None)
    notebook["metadata"]["language_info"] = {"name": "python"}
    return notebook


if __name__ == "__main__":
    import nbformat

    for path in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as scratch:
            nbformat.write(stored(executed(path, Path(scratch))), path)
        print(path.name)
