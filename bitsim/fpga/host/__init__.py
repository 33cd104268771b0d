"""The host of an accelerator on a board."""
