"""The `dot` dataflow in hardware (docs/machine.md)."""
