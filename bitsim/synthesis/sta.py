"""Timing of a netlist by OpenSTA, where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bitsim.callbacks import Say
from bitsim.errors import BitsimError

PROGRAMS = ("sta", "opensta")
INSTALL = "apt-get install opensta"
SCRIPT = "sta.tcl"
LOG = "sta.log"

_POINT = r"^{}:\s+(\S+)"
_TIME = r"^\s*(-?[\d.]+)\s+{}"


@dataclass(frozen=True)
class Timing:
    """The slowest path: without wires, with an ideal clock, ports at the clock's edge.

    start, end  of the path: flip-flops, named after the register that they are a bit of, or ports
    arrival_ns  at its end, after the clock's edge
    slack_ns    what is left of the period, setup time taken off
    """

    start: str
    end: str
    arrival_ns: float
    slack_ns: float
    fmax_mhz: float


@dataclass(frozen=True)
class NoTiming:
    """Why there is none."""

    reason: str


def sta_program() -> str | None:
    """OpenSTA on PATH."""
    return next((name for name in PROGRAMS if shutil.which(name)), None)


def analyse(
    top: str, files: Sequence[str], clock_ns: float, folder: Path, note: Say
) -> Timing | NoTiming:
    """The slowest path of `netlist.v` in `folder`, for the Liberty files there."""
    program = sta_program()
    if program is None:
        found = NoTiming(f"OpenSTA is not on PATH; {INSTALL}")
        note(f"no timing: {found.reason}")
        return found
    note("sta: timing")
    (folder / SCRIPT).write_text("\n".join([*constraints(top, files, clock_ns), *_REPORT]) + "\n")
    ran = subprocess.run(
        [program, "-exit", SCRIPT],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    said = ran.stdout + ran.stderr
    (folder / LOG).write_text(said)
    start, end = (re.search(_POINT.format(each), said, re.M) for each in ("Startpoint", "Endpoint"))
    arrival = re.search(_TIME.format("data arrival time"), said, re.M)
    slack = re.search(_TIME.format("slack"), said, re.M)
    if not (start and end and arrival and slack):
        fault = re.search(r"^.*\bError\b.*$", said, re.M)
        last = fault[0] if fault else (said.strip().splitlines() or ["not a word"])[-1]
        raise BitsimError(f"{program}: no path in what it says: {last[:200]}")
    return Timing(
        start=_register(start[1]),
        end=_register(end[1]),
        arrival_ns=float(arrival[1]),
        slack_ns=float(slack[1]),
        fmax_mhz=1000.0 / (clock_ns - float(slack[1])),
    )


def _register(point: str) -> str:
    """The register's name, without the kind of flip-flop that the mapping put after it."""
    return re.sub(r"\$_\w+?_(?=$|_\d+$)", "", point)


def constraints(top: str, files: Sequence[str], clock_ns: float) -> list[str]:
    """Tcl that reads the netlist and says what its clock is; nanoseconds and watts from then on."""
    return [
        *(f"read_liberty {name}" for name in files),
        "read_verilog netlist.v",
        f"link_design {top}",
        "set_cmd_units -time ns -power W",
        f"create_clock -name clk -period {clock_ns:.6f} [get_ports clk]",
        "foreach port [all_inputs] {",
        '  if {[get_property $port full_name] != "clk"} { set_input_delay 0 -clock clk $port }',
        "}",
        "set_output_delay 0 -clock clk [all_outputs]",
    ]


_REPORT = ("report_checks -path_delay max -digits 5", "exit")
