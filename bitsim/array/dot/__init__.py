"""The `dot` dataflow, cycle by cycle (docs/machine.md)."""
