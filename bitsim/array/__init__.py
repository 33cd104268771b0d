"""The array, cycle by cycle: one class for each dataflow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bitsim.array.dot.model import DotArray
from bitsim.array.protocol import Array
from bitsim.kernels import forget_stale_kernels
from bitsim.spec.accelerator import ArraySpec

forget_stale_kernels(Path(__file__).parent)  # numba reads them when one is first called

DATAFLOWS: dict[str, Callable[[ArraySpec, bool], Array]] = {"dot": DotArray}


def make_array(spec: ArraySpec, values: bool) -> Array:
    """The simulator of an array's dataflow; `values` False for timing alone."""
    return DATAFLOWS[spec.dataflow](spec, values)
