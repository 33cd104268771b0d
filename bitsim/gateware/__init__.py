"""An accelerator as hardware: Amaranth in, Verilog out (docs/machine.md, docs/top.md)."""
