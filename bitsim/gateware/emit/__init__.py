"""From a machine to files: Verilog, FuseSoC core, Vivado project."""
