"""What happened in a simulation, and when: passes, phases, work, transfers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bitsim.program.program import Stage
from bitsim.spec.counts import ArrayCounts, WorkCounts

Stream = Literal["weights", "activations", "results", "units"]


@dataclass(frozen=True)
class PassRecord:
    """One walk through the network: `m` tokens, the same number for each of `sequences`.

    The first new token of each sequence is at position `context`.
    """

    index: int
    stage: Stage
    m: int
    context: int
    start_cycle: int
    end_cycle: int  # first cycle after it
    sequences: int = 1


@dataclass(frozen=True)
class PhaseRecord:
    """One ternary product in the array."""

    pass_index: int
    name: str
    n: int
    k: int
    m: int
    start_cycle: int  # first RUN cycle
    end_cycle: int  # first cycle after the last result beat
    counts: ArrayCounts


@dataclass(frozen=True)
class WorkRecord:
    """One piece of work of a unit beside the array."""

    pass_index: int
    name: str  # "layers.3.norm"
    work: str
    unit: str
    start_cycle: int
    end_cycle: int
    counts: WorkCounts


@dataclass(frozen=True)
class TransferRecord:
    """DRAM traffic of one stream for one phase or piece of work: when it began and ended."""

    pass_index: int
    name: str
    stream: Stream
    start_cycle: int
    end_cycle: int
    read_bytes: int
    written_bytes: int


@dataclass(frozen=True)
class BusRecord:
    """The memory's bus, from the first to the last transfer for one phase or piece of work.

    Nothing else was moved in between; `moving_cycles` of its cycles had data on the bus.
    """

    pass_index: int
    name: str
    start_cycle: int
    end_cycle: int
    moving_cycles: int
