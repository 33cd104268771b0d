"""The fabrics that have lanes of their own; a further one is a file here, and a line here."""

from bitsim.gateware.fabrics.ecp5 import ECP5
from bitsim.gateware.fabrics.fabric import Fabric, Lane
from bitsim.gateware.fabrics.generic import GENERIC
from bitsim.gateware.fabrics.xilinx import XILINX

FABRICS = {fabric.name: fabric for fabric in (GENERIC, ECP5, XILINX)}

__all__ = ["FABRICS", "GENERIC", "Fabric", "Lane"]
