"""Modules that are elaborated once and placed many times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal
from amaranth.lib import wiring

from bitsim.gateware.lanes import GENERIC, Fabric


class Shared:
    """Keeps one part of each kind, and places it by its module's name as often as it is needed.

    Without it Amaranth elaborates and writes every column again. Where a part is given no `Shared`
    (in Amaranth's own simulator) what it places are ordinary submodules.

    fabric  what the lanes are built from
    """

    def __init__(self, prefix: str, fabric: Fabric = GENERIC) -> None:
        self.prefix = prefix
        self.fabric = fabric
        self.modules: dict[str, wiring.Component] = {}  # to be written, by their Verilog name

    def place(self, m: Module, label: str, kind: str, make: Callable[[], wiring.Component]) -> Any:
        """Add an instance of the module of this kind; returns the signals at its ports."""
        name = f"{self.prefix}_{kind}"
        if name not in self.modules:
            self.modules[name] = make()
        part = self.modules[name]
        wires = part.signature.create(path=(label,))
        ports: dict[str, Any] = {}
        if part.clocked:
            ports = {"i_clk": ClockSignal(), "i_rst": ResetSignal()}
        for path, member, value in part.signature.flatten(wires):
            direction = "i" if member.flow == wiring.In else "o"
            ports[f"{direction}_{'__'.join(map(str, path))}"] = value
        m.submodules[label] = Instance(name, **ports)
        return wires


def place(
    m: Module, shared: Shared | None, label: str, kind: str, make: Callable[[], wiring.Component]
) -> Any:
    """Add a part to a module, an instance or a submodule; returns what has its ports."""
    if shared is not None:
        return shared.place(m, label, kind, make)
    m.submodules[label] = part = make()
    return part
