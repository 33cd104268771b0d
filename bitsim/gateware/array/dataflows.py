"""The dataflows that have hardware."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.lib import wiring

from bitsim.gateware.array.dot.array import Dot
from bitsim.spec.array.dot import DotSpec

# A further dataflow is one more line: its top level takes the spec, and whether its counters are
# cleared by a port `clear_counters` instead of by each phase.
DATAFLOWS: dict[str, Callable[[Any, bool], wiring.Component]] = {"dot": Dot}


def make_array(spec: DotSpec, counters_by_port: bool = False) -> wiring.Component:
    """The top level of an array."""
    return DATAFLOWS[spec.dataflow](spec, counters_by_port)
