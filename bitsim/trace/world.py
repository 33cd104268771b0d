"""How the memory at each port of an accelerator behaves, cycle by cycle (docs/top.md).

A list that is used up begins again. Cycles are of the accelerator's clock and count from reset.
`refresh_period` 0 means no refresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bitsim.units import Cycles


def constant(cycles: int) -> Cycles:
    """(1,) int64: always the same."""
    return np.array([cycles], np.int64)


@dataclass(frozen=True, eq=False)
class ReadWorld:
    """The memory at a read port.

    accept   (any,) int64  of bursts: from when an address is first offered to when it is accepted
    latency  (any,) int64  of bursts, at least 1: from then to the first word
    gap      (any,) int64  of words: between two words of a burst, beyond 1; the first word of a
                           burst uses up a place that means nothing
    """

    accept: Cycles = field(default_factory=lambda: constant(0))
    latency: Cycles = field(default_factory=lambda: constant(1))
    gap: Cycles = field(default_factory=lambda: constant(0))
    refresh_period: int = 0
    refresh_cycles: int = 0

    def __post_init__(self) -> None:
        _check(self.refresh_period, self.refresh_cycles, self.accept, self.latency - 1, self.gap)


@dataclass(frozen=True, eq=False)
class WriteWorld:
    """The memory at the write port.

    accept    (any,) int64  of bursts: from when an address is first offered to when it is accepted
    gap       (any,) int64  of words: from when a word is first offered to when it is accepted
    response  (any,) int64  of bursts, at least 1: from the later of address and last word
    """

    accept: Cycles = field(default_factory=lambda: constant(0))
    gap: Cycles = field(default_factory=lambda: constant(0))
    response: Cycles = field(default_factory=lambda: constant(1))
    refresh_period: int = 0
    refresh_cycles: int = 0

    def __post_init__(self) -> None:
        _check(self.refresh_period, self.refresh_cycles, self.accept, self.gap, self.response - 1)


def _check(period: int, refresh: int, *lists: Cycles) -> None:
    for cycles in lists:
        assert cycles.ndim == 1
        assert cycles.size
        assert cycles.min() >= 0
    assert 0 <= refresh < max(1, period)


@dataclass(frozen=True, eq=False)
class World:
    """All ports: one world for each weight port.

    errors  by port (weight ports first, then activations, then results): number of the word read
            or burst written, from reset on, that the memory answers with an error
    """

    weights: tuple[ReadWorld, ...]
    activations: ReadWorld
    results: WriteWorld
    errors: Mapping[int, int] = field(default_factory=dict)


def ideal_world(weight_ports: int) -> World:
    """Memory that answers in the next cycle, always."""
    return World(tuple(ReadWorld() for _ in range(weight_ports)), ReadWorld(), WriteWorld())
