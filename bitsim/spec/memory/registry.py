"""The kinds of memory: one entry for each (docs/house.md: add one)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bitsim.spec.memory.fixed import FixedMemorySpec
from bitsim.spec.memory.memory import MemorySpec
from bitsim.spec.registry import Registry


@dataclass(frozen=True)
class MemoryKind:
    """A kind of memory: its description and its model.

    name   what `memory.kind` says
    spec   its fields
    model  (clock, spec, clock_mhz) -> `bitsim.memory.protocol.Memory`; or where it is,
           "package.module:attribute"
    """

    name: str
    spec: type[MemorySpec]
    model: Any


MEMORIES = Registry(
    MemoryKind(name="fixed", spec=FixedMemorySpec, model="bitsim.memory.fixed:FixedMemory"),
)
