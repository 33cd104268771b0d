"""What a wheel installs is enough: package, models, bench, and no more."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NETWORK_BYTES = 2 << 20


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with what the wheel holds."""
    folder = tmp_path_factory.mktemp("wheel")
    uv = Path(sys.executable).parent / "uv"
    build = [uv, "build", "--wheel", "--no-build-isolation", "--offline", "--out-dir", folder]
    subprocess.run([*build, ROOT], check=True, capture_output=True, env=environment())
    (wheel,) = folder.glob("bitsim-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def environment(**more):
    return os.environ | {"VIRTUAL_ENV": str(Path(sys.executable).parents[1])} | more


def bitsim(site, cwd, *argv):
    program = "import sys, bitsim.cli; sys.exit(bitsim.cli.main())"
    return subprocess.run(
        [sys.executable, "-c", program, *argv],
        cwd=cwd,
        env=environment(PYTHONPATH=str(site)),
        capture_output=True,
        text=True,
    )


def test_the_wheel_holds_the_package_and_its_data_alone(site):
    tops = {path.name for path in site.iterdir()}
    assert {name for name in tops if not name.endswith(".dist-info")} == {"bitsim"}


def test_the_main_job_runs_from_the_wheel(site, tmp_path):
    where = subprocess.run(
        [sys.executable, "-c", "import bitsim; print(bitsim.__file__)"],
        env=environment(PYTHONPATH=str(site)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(site)
    done = bitsim(site, tmp_path, "run", "--prompt", "12+9=", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["text"] == "21"


def test_the_committed_verilog_comes_out_of_the_wheel(site, tmp_path):
    done = bitsim(site, tmp_path, "rtl", "emit", "--out", "out.v")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.v").read_bytes() == (ROOT / "rtl" / "dot_16x40.v").read_bytes()


def test_the_embedded_network_is_small():
    folder = ROOT / "models" / "networks" / "addition"
    assert sum(path.stat().st_size for path in folder.iterdir()) <= NETWORK_BYTES
