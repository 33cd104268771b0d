"""Arrays in hardware: one folder for each dataflow."""
