"""An accelerator as hardware: Amaranth in, Verilog out (docs/machine.md, docs/top.md)."""

from bitsim.gateware.dataflows import make_array
from bitsim.gateware.verilog import emit, emit_arrays

__all__ = ["emit", "emit_arrays", "make_array"]
