"""An accelerator with a serial line in Verilator."""
