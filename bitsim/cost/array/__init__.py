"""Parts of arrays and their prices: one folder for each dataflow."""
