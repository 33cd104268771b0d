"""Waiting: memories outside the chip, and the DMA that moves tiles to and from them."""

from __future__ import annotations

from collections.abc import Callable

from bitsim.memory.clock import Clock
from bitsim.memory.fixed import FixedMemory
from bitsim.memory.protocol import Memory
from bitsim.spec.accelerator import MemorySpec

KINDS: dict[str, Callable[[Clock, MemorySpec, float], Memory]] = {"fixed": FixedMemory}


def make_memory(env: Clock, spec: MemorySpec, clock_mhz: float) -> Memory:
    """The simulator of a memory, in cycles of a clock."""
    return KINDS[spec.kind](env, spec, clock_mhz)
