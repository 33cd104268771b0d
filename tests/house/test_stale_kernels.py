"""Compiled kernels do not outlive what they were compiled from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from bitsim.kernels import forget_stale_kernels
forget_stale_kernels(Path(sys.argv[1]))
import outer
print(outer.outer(1), outer.outer.stats.cache_hits)
"""
OUTER = """
from numba import njit
from inner import inner
@njit(cache=True)
def outer(x):
    return inner(x) + 10
"""
INNER = """
from numba import njit
@njit(cache=True)
def inner(x):
    return x + {}
"""


def run(folder: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    ran = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def test_a_kernel_is_compiled_anew_when_one_that_it_calls_has_changed(tmp_path: Path) -> None:
    (tmp_path / "outer.py").write_text(OUTER)
    (tmp_path / "inner.py").write_text(INNER.format(1))
    assert run(tmp_path) == "12 Counter()"
    assert run(tmp_path).startswith("12 Counter({")
    (tmp_path / "inner.py").write_text(INNER.format(200))
    assert run(tmp_path) == "211 Counter()"
