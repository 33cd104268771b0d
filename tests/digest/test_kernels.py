"""Compiled kernels do not outlive what they were compiled from, and nothing else ends them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bitsim

PACKAGE = Path(bitsim.__file__).parent
KERNEL = """
from bitsim.kernels import njit
from bitsim.link.scale import scaled


@njit(cache=True)
def outer(x):
    return scaled(x) + 10


@njit(cache=True)
def first(pair):
    return pair.get()
"""
SCALE = """
from bitsim.kernels import njit
from bitsim.units import BITS_PER_BYTE

@njit(cache=True)
def scaled(x):
    return x * BITS_PER_BYTE
"""
KIND = """
from typing import NamedTuple
from numba import types
from numba.extending import overload_method

class Pair(NamedTuple):
    a: int
    b: int

@overload_method(types.BaseNamedTuple, "get")
def _get(pair):
    return lambda pair: pair.a
"""
PROGRAM = """
from bitsim.array.small import first, outer
from {kind} import Pair
print(outer(1), outer.stats.cache_hits.total(), first(Pair(3, 4)), first.stats.cache_hits.total())
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the package in which a kernel calls one of another folder, and a third's class."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("digest", "units.py", "kernels.py", "__init__.py"):
        path = PACKAGE / name
        to = tmp_path / "bitsim" / name
        if path.is_dir():
            shutil.copytree(path, to, ignore=ignored)
        else:
            to.parent.mkdir(exist_ok=True)
            shutil.copy(path, to)
    for name, text in {"array/small": KERNEL, "link/scale": SCALE, "memory/kind": KIND}.items():
        path = tmp_path / "bitsim" / f"{name}.py"
        path.parent.mkdir()
        path.write_text(text)
    (tmp_path / "foreign.py").write_text(KIND)
    return tmp_path


def run(home: Path, kind: str = "bitsim.memory.kind") -> str:
    """Both results, and after each whether it was found."""
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    command = [sys.executable, "-c", PROGRAM.format(kind=kind)]
    ran = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def edit(home: Path, name: str, old: str, new: str) -> None:
    path = home / "bitsim" / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_a_kernel_is_compiled_again_when_any_code_that_it_consists_of_has_changed(
    home: Path,
) -> None:
    assert run(home) == "18 0 3 0"
    assert run(home) == "18 1 3 1"
    before = {path.name for path in home.rglob("*.nbc")}
    edit(home, "units.py", "BITS_PER_BYTE = 8", "BITS_PER_BYTE = 9")
    assert run(home) == "19 0 3 0"
    after = {path.name for path in home.rglob("*.nbc")}
    assert len(before) == len(after) == 3  # what is of no use any more is dropped
    assert not before & after
    edit(home, "memory/kind.py", "pair.a", "pair.b")
    assert run(home) == "19 1 4 0"
    edit(home, "link/scale.py", "return x *", "return 2 * x *")
    assert run(home) == "28 0 4 0"
    assert run(home) == "28 1 4 1"


def test_comments_times_and_other_files_compile_nothing_again(home: Path) -> None:
    run(home)
    for path in home.rglob("*.py"):
        path.write_text(f"# A comment, so that all lines move.\n{path.read_text()}")
    (home / "bitsim" / "array" / "more.py").write_text("MORE = 1\n")
    assert run(home) == "18 1 3 1"


def test_a_damaged_file_of_a_kernel_is_made_again(home: Path) -> None:
    run(home)
    empty, cut, zeros = sorted(home.rglob("*.nbc"))
    empty.write_bytes(b"")
    cut.write_bytes(cut.read_bytes()[:1000])
    zeros.write_bytes(bytes(zeros.stat().st_size))
    assert run(home) == "18 0 3 0"
    assert run(home) == "18 1 3 1"


def test_a_kernel_for_a_class_of_another_package_is_not_kept(home: Path) -> None:
    assert run(home, "foreign") == "18 0 3 0"
    assert run(home, "foreign") == "18 1 3 0"


def test_every_kernel_of_the_package_is_kept_this_way() -> None:
    for path in PACKAGE.rglob("*.py"):
        lines = path.read_text().splitlines()
        imported = [line for line in lines if line.startswith("from numba import")]
        assert not any("njit" in line for line in imported), path
