"""An accelerator on a board, and the host beside it."""
