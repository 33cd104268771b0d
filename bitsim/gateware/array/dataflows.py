"""An array in hardware, by its dataflow."""

from __future__ import annotations

from amaranth.lib import wiring

from bitsim.spec.array.array import ArraySpec
from bitsim.spec.array.registry import DATAFLOWS
from bitsim.spec.registry import home


def make_array(spec: ArraySpec, counters_by_port: bool = False) -> wiring.Component:
    """The top level of an array.

    counters_by_port  counters are cleared by a port `clear_counters` instead of by each phase
    """
    return home(DATAFLOWS[spec.dataflow].hardware)(spec, counters_by_port)
