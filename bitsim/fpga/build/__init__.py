"""From a machine and a board to a bitstream."""
