"""Timing and power of a netlist by OpenSTA, where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bitsim.errors import BitsimError

ACTIVITY = 0.1  # toggles of a net in a cycle, where nothing was recorded

_SLACK = re.compile(r"^worst slack\s+(?:max\s+)?(-?[\d.]+)", re.MULTILINE)
_POWER = re.compile(r"^Total\s+\S+\s+\S+\s+\S+\s+([\d.eE+-]+)", re.MULTILINE)


@dataclass(frozen=True)
class Timing:
    """Without wires. `power_w` at the clock asked for, each net toggling in ACTIVITY of cycles."""

    fmax_mhz: float
    power_w: float


def analyse(
    top: str, files: Sequence[str], clock_ns: float, folder: Path, note: Callable[[str], None]
) -> Timing | None:
    """Paths between registers, at the clock of the block; None if there is no `sta` on PATH."""
    if shutil.which("sta") is None:
        note("sta: OpenSTA is not on PATH, so no timing with registers and no power")
        return None
    note("sta: timing and power")
    script = [
        *(f"read_liberty {name}" for name in files),
        "read_verilog netlist.v",
        f"link_design {top}",
        "set_cmd_units -time ns -power W",
        f"create_clock -name clk -period {clock_ns} [get_ports clk]",
        f"set_power_activity -global -activity {ACTIVITY}",
        "report_worst_slack -max",
        "report_power -digits 6",
        "exit",
    ]
    (folder / "sta.tcl").write_text("\n".join(script) + "\n")
    ran = subprocess.run(
        ["sta", "-exit", "sta.tcl"],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    (folder / "sta.log").write_text(ran.stdout + ran.stderr)
    slack, power = _SLACK.search(ran.stdout), _POWER.search(ran.stdout)
    if slack is None or power is None:
        last = (ran.stdout + ran.stderr).strip().splitlines()[-1:] or ["not a word"]
        raise BitsimError(f"sta: no slack and power in what it says: {last[0][:200]}")
    return Timing(1000.0 / (clock_ns - float(slack[1])), float(power[1]))
