"""FPGA families: one file for each."""
