"""AXI4 masters, ports and FIFOs: how streams meet memory."""
