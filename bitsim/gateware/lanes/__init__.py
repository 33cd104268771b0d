"""The fabrics that lanes can be written for; a further one is a file here, and a line here."""

from __future__ import annotations

from typing import Any

from bitsim.errors import BitsimError, shown
from bitsim.gateware.lanes.ecp5 import ECP5
from bitsim.gateware.lanes.fabric import Fabric, Lane
from bitsim.gateware.lanes.generic import GENERIC
from bitsim.gateware.lanes.xilinx import XILINX

FABRICS = {fabric.name: fabric for fabric in (ECP5, XILINX)}

__all__ = ["FABRICS", "GENERIC", "Fabric", "Lane", "fabric_of", "find"]


def fabric_of(platform: Any) -> Fabric:
    """What an `elaborate` with this platform builds lanes from; in simulation plain adders."""
    return GENERIC if platform is None else platform.fabric


def find(name: str | None) -> Fabric:
    """By name; nothing: plain Verilog."""
    if name is None:
        return GENERIC
    if name not in FABRICS:
        raise BitsimError(
            f"--target {shown(name)}: no lanes are written for it; name one of "
            f"{', '.join(FABRICS)}, or leave it out: plain Verilog is for every target"
        )
    return FABRICS[name]
