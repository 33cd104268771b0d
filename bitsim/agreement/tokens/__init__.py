"""Whole tokens of a network, every ternary product in the Verilog."""
