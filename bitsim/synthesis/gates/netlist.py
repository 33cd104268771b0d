"""A mapped netlist as one flat list of cells, each knowing the module that it is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ZERO, ONE = 0, 1  # nets of the constants; the others follow


@dataclass(frozen=True)
class Instance:
    """A cell of the library, or a memory.

    module  that it is written in
    pins    (bits,) nets of each pin; a cell's pins have one
    """

    kind: str
    module: str
    pins: Mapping[str, tuple[int, ...]]
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Netlist:
    """Nets are numbers from 0 to `nets` - 1.

    top     name of the top module
    ports   (bits,) nets of each of its ports, lowest first
    inputs  names of those that are inputs
    """

    top: str
    nets: int
    ports: Mapping[str, tuple[int, ...]]
    inputs: frozenset[str]
    instances: tuple[Instance, ...]


def flatten(design: Mapping[str, Any], top: str) -> Netlist:
    """Every instance of yosys's JSON, from `top` downwards. Unknown constants are 0."""
    modules = {
        name: each
        for name, each in design["modules"].items()
        if "blackbox" not in each["attributes"]
    }
    nets = _Nets()
    inside: dict[int, int] = {}
    ports = {
        name: tuple(nets.of(bit, inside) for bit in port["bits"])
        for name, port in modules[top]["ports"].items()
    }
    instances: list[Instance] = []
    _place(modules, top, nets, inside, instances)
    return Netlist(
        top=top,
        nets=nets.count,
        ports={name: tuple(map(nets.found, bits)) for name, bits in ports.items()},
        inputs=frozenset(
            name for name, port in modules[top]["ports"].items() if port["direction"] == "input"
        ),
        instances=tuple(
            Instance(
                each.kind,
                each.module,
                {pin: tuple(map(nets.found, bits)) for pin, bits in each.pins.items()},
                each.parameters,
            )
            for each in instances
        ),
    )


class _Nets:
    """Numbers for bits; two that turn out to be one net become the lower number."""

    def __init__(self) -> None:
        self.count = 2
        self._same: dict[int, int] = {}

    def of(self, bit: int | str, inside: dict[int, int]) -> int:
        """The net of a bit of one instance, whose bits so far are `inside`."""
        if isinstance(bit, str):
            return ONE if bit == "1" else ZERO
        if bit not in inside:
            inside[bit] = self.count
            self.count += 1
        return inside[bit]

    def join(self, one: int, other: int) -> None:
        """They are one net."""
        low, high = sorted((self.found(one), self.found(other)))
        if low != high:
            self._same[high] = low

    def found(self, net: int) -> int:
        """The number that stands for all that are one net."""
        while net in self._same:
            net = self._same[net]
        return net


def _place(
    modules: Mapping[str, Any],
    name: str,
    nets: _Nets,
    inside: dict[int, int],
    instances: list[Instance],
) -> None:
    for cell in modules[name]["cells"].values():
        kind = cell["type"]
        if kind == "$scopeinfo":
            continue
        pins = {
            pin: tuple(nets.of(bit, inside) for bit in bits)
            for pin, bits in cell["connections"].items()
        }
        if kind not in modules:
            instances.append(Instance(kind, name, pins, cell.get("parameters", {})))
            continue
        below: dict[int, int] = {}
        for port, table in modules[kind]["ports"].items():
            for bit, outer in zip(table["bits"], pins.get(port, ()), strict=False):
                if isinstance(bit, int) and bit not in below:
                    below[bit] = outer
                else:  # a constant, or a port that goes straight on to another
                    nets.join(nets.of(bit, below), outer)
        _place(modules, kind, nets, below, instances)
