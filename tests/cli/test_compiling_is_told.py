"""Numba's compiling: told once, kept, and one line where it cannot be kept."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import bitsim

PROGRAM = "import sys; from bitsim.cli import main; sys.exit(main())"
PACKAGE = Path(bitsim.__file__).parent


def bitsim_process(folder, *argv, **environment):
    """A run of the program in a process of its own, begun in `folder`."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *argv],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


def test_the_first_run_says_once_that_it_compiles_and_the_second_is_silent(tmp_path):
    cache = tmp_path / "cache"
    argv = ("checkpoint", "info", "addition", "--json")
    first = bitsim_process(tmp_path, *argv, NUMBA_CACHE_DIR=str(cache))
    assert first.returncode == 0
    assert first.stderr == f"bitsim: compiling kernels (once; kept below {cache})\n"
    second = bitsim_process(tmp_path, *argv, NUMBA_CACHE_DIR=str(cache))
    assert second.returncode == 0
    assert second.stderr == ""
    assert second.stdout == first.stdout


def test_no_folder_for_compiled_kernels_is_one_line(tmp_path):
    copy = tmp_path / "site" / "bitsim"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "site" / "models").symlink_to(PACKAGE.parent / "models")
    for folder in [copy, *(path for path in copy.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").write_text("in the way")  # root may write to read-only folders
    environment = {
        "PYTHONPATH": str(tmp_path / "site"),
        "HOME": "/dev/null",
        "XDG_CACHE_HOME": "/dev/null/cache",
        "NUMBA_CACHE_DIR": "",
    }
    argv = ("checkpoint", "info", "nothing")
    done = bitsim_process(tmp_path, *argv, **environment)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("bitsim: compiled kernels cannot be kept: ")
    assert "set NUMBA_CACHE_DIR to a folder" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    cache = tmp_path / "cache"
    mended = bitsim_process(tmp_path, *argv, **environment | {"NUMBA_CACHE_DIR": str(cache)})
    assert "'nothing': no such name" in mended.stderr  # so the kernels had a place


def test_commands_that_compute_nothing_do_not_import_numba():
    for argv in (["list", "accelerators"], ["doctor"], ["run", "--help"]):
        program = (
            f"import sys; sys.argv[1:] = {argv!r}; from bitsim.cli import main; main(); "
            "sys.exit('numba' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert done.returncode == 0, argv
