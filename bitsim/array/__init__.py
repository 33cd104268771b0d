"""The array, cycle by cycle: one class for each dataflow."""

from __future__ import annotations

from collections.abc import Callable

from bitsim.array.dot import DotArray
from bitsim.array.protocol import Array
from bitsim.spec.accelerator import ArraySpec

DATAFLOWS: dict[str, Callable[[ArraySpec, bool], Array]] = {"dot": DotArray}


def make_array(spec: ArraySpec, values: bool) -> Array:
    """The simulator of an array's dataflow; `values` False for timing alone."""
    return DATAFLOWS[spec.dataflow](spec, values)
