"""The array as hardware: Amaranth in, Verilog out (docs/machine.md is its contract)."""

from bitsim.gateware.dataflows import make_top
from bitsim.gateware.verilog import emit, emit_arrays

__all__ = ["emit", "emit_arrays", "make_top"]
