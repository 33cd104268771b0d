"""One reader under atheris: `python -m tests.fuzz.fuzz TARGET [FILE or FOLDER or -flag=...]...`

Arguments behind the target are libFuzzer's. With a file it runs that input alone, which is how a
finding is looked at; else it fuzzes, beginning with the folders' inputs. `run.py` starts it.
"""

from __future__ import annotations

import re
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path
from random import Random

import atheris

from tests.fuzz.mutate import Form

ROOT = Path(__file__).parents[2]
SELF_TEST = "planted"  # a reader with a fault four right bytes deep


def compiled_modules() -> list[str]:
    """Modules with numba kernels, which compiles what Python wrote and nothing else."""
    sources = (path for path in (ROOT / "bitsim").rglob("*.py"))
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sources
        if re.search(r"\b(njit|vectorize|intrinsic)\b", path.read_text())
    ]


def planted(path: Path) -> None:
    """Only guidance by coverage finds the way in."""
    data = path.read_bytes()
    if data[:1] != b"D":
        return
    if data[1:2] != b"E":
        return
    if data[2:3] != b"A":
        return
    if data[3:4] == b"D":
        raise KeyError("the planted fault")


def mutator(form: Form | None) -> Callable[[bytes, int, int], bytes]:
    """libFuzzer's own mutations, and as often those of the file's form."""

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        random = Random(seed)
        changed = form(data, random) if form and random.randrange(2) else None
        if changed is None or len(changed) > max_size:
            changed = atheris.Mutate(data, max_size)
        return changed

    return mutate


def main() -> None:
    """Instrument bitsim and tomllib, then hand over to libFuzzer."""
    with atheris.instrument_imports(include=["bitsim", "tomllib"], exclude=compiled_modules()):
        from tests.fuzz.targets import TARGETS, Reader, Target
    from bitsim.reference.checkpoints.gguf import types as gguf_types

    for found in vars(gguf_types).values():  # its plain functions, beside its kernels
        if isinstance(found, types.FunctionType) and found.__module__ == gguf_types.__name__:
            atheris.instrument_func(found)
    name, *arguments = sys.argv[1:]
    if name == SELF_TEST:
        target = Target("a", atheris.instrument_func(planted), lambda: [b""])
    else:
        target = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(target, Path(folder))
        atheris.Setup(
            [sys.argv[0], *arguments],
            lambda data: reader.read(data) and None,
            custom_mutator=mutator(target.mutate),
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
