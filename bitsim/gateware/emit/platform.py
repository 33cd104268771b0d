"""What Amaranth hands down while Verilog is written: lanes, and modules that are written once."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import ClockSignal, Fragment, Instance, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Member

from bitsim.gateware.lanes import Fabric


class VerilogPlatform:
    """Of one accelerator.

    prefix   its name, which the names of all its modules begin with
    fabric   what the lanes are built from
    modules  each module and what it is written from: the top, and those met so far
    """

    def __init__(self, prefix: str, top: wiring.Component, fabric: Fabric) -> None:
        self.prefix = prefix
        self.fabric = fabric
        self.modules = [(prefix, top)]
        self._written = top

    def write(self, part: wiring.Component) -> Fragment:
        """The part as a module: what it consists of, with instances of the modules below."""
        self._written = part
        for name, (_, port) in flat_ports(part).items():
            port.name = name  # where it was an instance, it had that of a wire
        fragment = Fragment.get(part, self)
        self._name_wires(fragment)
        return fragment

    def instance(self, part: Any) -> Instance | None:
        """As `bitsim.gateware.once.Platform` has it."""
        if part is self._written:
            return None
        name = f"{self.prefix}_{part.module}"
        first = dict(self.modules).get(name)
        if first is None:
            self.modules.append((name, part))
        else:
            assert _parameters(first) == _parameters(part), f"{name} would be two modules"
        ports: dict[str, Any] = {}
        if part.clocked:
            ports = {"i_clk": ClockSignal(), "i_rst": ResetSignal()}
        for port, (member, value) in flat_ports(part).items():
            ports[f"{'i' if member.flow == wiring.In else 'o'}_{port}"] = value
        return Instance(name, **ports)

    def _name_wires(self, fragment: Fragment) -> None:
        """`column_3__read` at instance `column_3`: not one of 16 wires `read`."""
        for inner, label, _ in fragment.subfragments:
            if isinstance(inner, Instance) and inner.type in dict(self.modules):
                for port, (value, _) in inner.ports.items():
                    if port not in ("clk", "rst"):
                        value.name = f"{label}__{port}"
            self._name_wires(inner)


def _parameters(part: wiring.Component) -> tuple[object, ...]:
    """What it was made of: its class, its ports, and what its constructor was given and kept."""
    ports = {name: (member.flow, len(port)) for name, (member, port) in flat_ports(part).items()}
    kept = {
        name: value
        for name, value in vars(part).items()
        if name not in part.signature.members and not name.startswith("_")
    }
    return type(part), ports, kept


def flat_ports(part: wiring.Component | wiring.PureInterface) -> dict[str, tuple[Member, Signal]]:
    """Each port by its name: the member that describes it, and its signal."""
    return {
        _name(part.signature, path): (member, Value.cast(value))
        for path, member, value in part.signature.flatten(part)
    }


def _name(signature: wiring.Signature, path: tuple[str | int, ...]) -> str:
    """`weights_0__valid`, and `m_axi_weights_0_araddr`, as tools that know the bus expect it."""
    first = signature.members[path[0]]
    separator = getattr(first.signature, "separator", "__") if first.is_signature else "__"
    name = str(path[0])
    for step in path[1:]:
        name += f"_{step}" if isinstance(step, int) else f"{separator}{step}"
    return name
