"""The top level of an FPGA board."""
