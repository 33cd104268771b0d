"""The committed Verilog in Verilator's strictest lint."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from bitsim.verilated.verilator import verilator_command

RTL = Path(__file__).resolve().parents[2] / "rtl"

# What a generator does and a person would not; each is harmless, and none may hide another kind.
WAIVED = {
    "DECLFILENAME": "several modules in one file",
    "UNUSEDSIGNAL": "each name of a stream or a code is a wire, also where nobody reads it",
    "PROCASSINIT": "registers have a value at power-up and one in reset",
    "CASEINCOMPLETE": "states and bytes that do not occur keep the value assigned before the case",
    "WIDTHEXPAND": "a one-bit carry is added to a sum",
    "WIDTHTRUNC": "`! x` of a number means x == 0",
}


@pytest.mark.parametrize("path", sorted(RTL.glob("*.v")), ids=lambda path: path.name)
def test_lint_finds_nothing_but_what_is_waived(path: Path) -> None:
    command, environment = verilator_command()
    ran = subprocess.run(
        [*command, "--lint-only", "-Wall", "-Wno-fatal", str(path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    kinds = set(re.findall(r"^%(?:Warning|Error)-?(\w*)", ran.stderr, re.MULTILINE))
    assert kinds <= set(WAIVED), kinds - set(WAIVED)
