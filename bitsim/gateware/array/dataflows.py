"""The dataflows that have hardware."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.lib import wiring

from bitsim.gateware.array.dot.array import Dot
from bitsim.gateware.emit.shared import Shared
from bitsim.spec.array.dot import DotSpec

# A further dataflow is one more line: its top level takes the spec, the modules it shares, and
# whether its counters are cleared by a port `clear_counters` instead of by each phase.
DATAFLOWS: dict[str, Callable[[Any, Shared | None, bool], wiring.Component]] = {"dot": Dot}


def make_array(
    spec: DotSpec, shared: Shared | None = None, counters_by_port: bool = False
) -> wiring.Component:
    """The top level of an array; `shared` as in `bitsim.gateware.emit.shared`."""
    return DATAFLOWS[spec.dataflow](spec, shared, counters_by_port)
