"""The array, cycle by cycle: a protocol, and one folder for each dataflow."""

from __future__ import annotations

from bitsim.array.protocol import Array
from bitsim.spec.array.array import ArraySpec
from bitsim.spec.array.registry import DATAFLOWS
from bitsim.spec.registry import home


def make_array(spec: ArraySpec, values: bool) -> Array:
    """The simulator of an array's dataflow; `values` False for timing alone."""
    array: Array = home(DATAFLOWS[spec.dataflow].model)(spec, values)
    return array
