"""Numba's compiling: told once, kept, and one line where it cannot be kept."""

import json
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


def read_only_install(tmp_path):
    """A copy of bitsim beside which nothing can be kept, and a user without a home."""
    copy = tmp_path / "site" / "bitsim"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "site" / "models").symlink_to(PACKAGE.parent / "models")
    for folder in [copy, *(path for path in copy.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").write_text("in the way")  # root may write to read-only folders
    (tmp_path / "tmp").mkdir()
    return {
        "PYTHONPATH": str(tmp_path / "site"),
        "HOME": "/dev/null",
        "XDG_CACHE_HOME": "/dev/null/cache",
        "NUMBA_CACHE_DIR": "",
        "TMPDIR": str(tmp_path / "tmp"),
    }


def test_a_read_only_install_without_a_home_computes_and_says_what_that_costs(tmp_path):
    environment = read_only_install(tmp_path)
    argv = ("checkpoint", "info", "addition", "--json")
    done = bitsim_process(tmp_path, *argv, **environment)
    assert done.returncode == 0
    assert done.stderr == (
        "bitsim: compiling kernels (for this run alone: neither bitsim's own folder nor the user's "
        "cache folder can be written; NUMBA_CACHE_DIR names one that can)\n"
    )
    assert json.loads(done.stdout)["layers"] == 3
    assert list((tmp_path / "tmp").iterdir()) == []  # the kernels went with the process
    kept = environment | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert "(once; kept below " in bitsim_process(tmp_path, *argv, **kept).stderr


def test_python_is_warned_where_kernels_cannot_be_kept(tmp_path):
    environment = os.environ | read_only_install(tmp_path)
    program = "import bitsim.array, bitsim.reference"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("UserWarning: bitsim: kernels are compiled for this run alone") == 1


def test_no_place_at_all_for_compiled_kernels_is_one_line(tmp_path):
    environment = read_only_install(tmp_path)
    program = (
        "import tempfile; tempfile._candidate_tempdir_list = lambda: []\n"
        "import sys; from bitsim.cli import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "checkpoint", "info", "addition"],
        cwd=tmp_path,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("bitsim: compiled kernels have no place: ")
    assert "set NUMBA_CACHE_DIR to a folder that can" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_commands_that_compute_nothing_do_not_import_numba():
    for argv in (["list", "accelerators"], ["doctor"], ["run", "--help"]):
        program = (
            f"import sys; sys.argv[1:] = {argv!r}; from bitsim.cli import main; main(); "
            "sys.exit('numba' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert done.returncode == 0, argv
