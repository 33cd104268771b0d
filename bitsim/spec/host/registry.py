"""The kinds of host: one entry for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bitsim.spec.host.axi4lite import AxiLiteHostSpec
from bitsim.spec.host.host import HostSpec
from bitsim.spec.host.serial import SerialHostSpec
from bitsim.spec.registry import Registry


@dataclass(frozen=True)
class HostKind:
    """A kind of host: its description and its hardware.

    name      what `host.kind` says
    spec      its fields
    hardware  (accelerator) -> Amaranth component around the link; or where it is,
              "package.module:attribute"
    """

    name: str
    spec: type[HostSpec]
    hardware: Any


HOSTS = Registry(
    HostKind(
        name="axi4lite",
        spec=AxiLiteHostSpec,
        hardware="bitsim.gateware.accelerator:AxiAccelerator",
    ),
    HostKind(
        name="serial",
        spec=SerialHostSpec,
        hardware="bitsim.gateware.accelerator:SerialAccelerator",
    ),
)
