"""Which interpreter `make` runs: that of `.venv`, or one asked for, beside it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def interpreter(path: Path, version: str) -> Path:
    """A program that says it is this version of Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return path


def pytest_of(folder: Path, *variables: str) -> str:
    """The pytest that `make tests-quick` would run in a folder whose environments are current."""
    make = ["make", "--no-print-directory", "-n", "-o", "setup-test", "tests-quick", *variables]
    told = subprocess.run(make, cwd=folder, check=True, capture_output=True, text=True)
    return told.stdout.split()[0]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with a Makefile and a `.venv` of Python 3.11."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    interpreter(tmp_path / ".venv" / "bin" / "python", "3.11")
    return tmp_path


def test_without_a_wish_it_is_that_of_the_environment(clone: Path) -> None:
    assert pytest_of(clone) == ".venv/bin/pytest"


def test_another_version_has_an_environment_of_its_own(clone: Path) -> None:
    asked = interpreter(clone / "python-new", "3.13")
    assert pytest_of(clone, f"PYTHON={asked}") == ".venv-3.13/bin/pytest"


def test_the_same_version_asked_for_by_name_shares_it(clone: Path) -> None:
    asked = interpreter(clone / "python-same", "3.11")
    assert pytest_of(clone, f"PYTHON={asked}") == ".venv/bin/pytest"


def test_where_there_is_none_the_one_asked_for_gets_it(clone: Path) -> None:
    shutil.rmtree(clone / ".venv")
    asked = interpreter(clone / "python-new", "3.13")
    assert pytest_of(clone, f"PYTHON={asked}") == ".venv/bin/pytest"
