"""The kinds of link between an array's streams and memory: one entry for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bitsim.spec.base import Spec
from bitsim.spec.link.axi4 import Axi4BusSpec
from bitsim.spec.registry import Registry


@dataclass(frozen=True)
class LinkKind:
    """A kind of link: its description, its model and its hardware.

    name      what `bus.kind` says
    spec      its fields
    model     (layout, ...) -> its cycles; or where it is, "package.module:attribute"
    hardware  (array, bus) -> Amaranth component with masters and a list; or where it is
    """

    name: str
    spec: type[Spec]
    model: Any
    hardware: Any


LINKS = Registry(
    LinkKind(
        name="axi4",
        spec=Axi4BusSpec,
        model="bitsim.link.model:Link",
        hardware="bitsim.gateware.top:Top",
    ),
)
