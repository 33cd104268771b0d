"""Verilog built by Verilator and run with stimuli."""
