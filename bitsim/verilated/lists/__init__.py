"""Accelerators with a link in Verilator: bench, stimuli, one long-lived process."""
