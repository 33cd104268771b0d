"""The flat names that the ports of a module have in Verilog."""

from __future__ import annotations

from amaranth.hdl import Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Member


def flat_ports(part: wiring.Component) -> dict[str, tuple[Member, Signal]]:
    """Each port by its name: the member that describes it, and its signal."""
    return {
        "__".join(map(str, path)): (member, Value.cast(value))
        for path, member, value in part.signature.flatten(part)
    }
