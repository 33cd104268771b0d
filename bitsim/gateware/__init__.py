"""An accelerator as hardware: Amaranth in, Verilog out (docs/machine.md, docs/top.md)."""

from bitsim.gateware.c_header import c_header
from bitsim.gateware.dataflows import make_array
from bitsim.gateware.fusesoc_core import fusesoc_core
from bitsim.gateware.register_page import register_page
from bitsim.gateware.verilog import emit, emit_arrays
from bitsim.gateware.vivado import vivado_files

__all__ = [
    "c_header",
    "emit",
    "emit_arrays",
    "fusesoc_core",
    "make_array",
    "register_page",
    "vivado_files",
]
