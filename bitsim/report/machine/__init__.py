"""The machine as a block diagram."""
