# No pin of the programmable logic is used: engines, memory and processors are joined inside the
# chip. pl_clk0 is constrained by the processing system's own constraints, and everything runs on it.

# Shuts the device down before it is damaged by heat (AMD UG908, device configuration settings).
set_property BITSTREAM.CONFIG.OVERTEMPSHUTDOWN ENABLE [current_design]
# Shorter to load; the fabric is mostly empty.
set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
