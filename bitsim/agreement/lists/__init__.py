"""Whole accelerators: link model, Verilog and numpy on the same lists and memory."""
