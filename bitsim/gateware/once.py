"""Parts whose Verilog is written once, however often they are placed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar

from amaranth.hdl import Elaboratable, Instance

Part = TypeVar("Part")


class Platform(Protocol):
    """What Amaranth hands down to every `elaborate` while Verilog is written; `None` in simulation.

    `bitsim.gateware.emit.platform` is the one that there is.
    """

    def instance(self, part: Any) -> Instance | None:
        """An instance of the module that is written for parts like this; None: write it here."""


def once(
    elaborate: Callable[[Part, Platform | None], Elaboratable],
) -> Callable[[Part, Platform | None], Elaboratable]:
    """`elaborate` of a component with a module of its own, `component.module` by name.

    Without it Amaranth elaborates and writes each of the columns again. Components with the same
    name of the module must be alike.

    module   the name, after that of the accelerator
    clocked  the module has a clock and a reset
    """

    @wraps(elaborate)
    def elaborate_or_place(part: Part, platform: Platform | None) -> Elaboratable:
        instance = None if platform is None else platform.instance(part)
        return elaborate(part, platform) if instance is None else instance

    return elaborate_or_place
