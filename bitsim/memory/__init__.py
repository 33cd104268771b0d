"""Waiting: memories outside the chip, and the DMA that moves tiles to and from them."""

from __future__ import annotations

from bitsim.memory.clock import Clock
from bitsim.memory.protocol import Memory
from bitsim.spec.memory.memory import MemorySpec
from bitsim.spec.memory.registry import MEMORIES
from bitsim.spec.registry import home


def make_memory(env: Clock, spec: MemorySpec, clock_mhz: float) -> Memory:
    """The simulator of a memory, in cycles of a clock."""
    memory: Memory = home(MEMORIES[spec.kind].model)(env, spec, clock_mhz)
    return memory
