"""What the accelerator did with a list of phases, cycle by cycle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from bitsim.spec.counts import ArrayCounts
from bitsim.units import Cycles


@dataclass(frozen=True, eq=False)
class Bursts:
    """The bursts of one port in order, each array (bursts,) int64. Cycles count from reset.

    address           of the first byte
    words             transfers
    offered_cycle     first cycle on the address channel
    accept_cycle      transferred there
    first_word_cycle  transferred on the data channel
    last_word_cycle   the same
    response_cycle    of a write burst; 0 for a read burst
    """

    address: Cycles
    words: Cycles
    offered_cycle: Cycles
    accept_cycle: Cycles
    first_word_cycle: Cycles
    last_word_cycle: Cycles
    response_cycle: Cycles


@dataclass(frozen=True, eq=False)
class ListPhase:
    """One entry of a list as the array ran it.

    output   (m, n)  int32: the sums, or with `codes` what the int8 codes are; with `digits`
             (m, rows)  int32: sums of the digits, rows = padded n / digits; None for timing alone
    largest  (m,)  int32: largest magnitude of each vector's sums, with `codes`; else None
    stored   (results_words * word_bytes,)  uint8, from `results_address` on; None for timing alone
    """

    accept_cycle: int
    end_cycle: int  # first cycle after the last RUN cycle
    counts: ArrayCounts
    output: NDArray[np.int32] | None
    largest: NDArray[np.int32] | None
    stored: NDArray[np.uint8] | None


@dataclass(frozen=True, eq=False)
class ListResult:
    """One list. Bursts are None if they were not asked for.

    errors  bit p for weight port p, then one for activations, one for results: what the ports
            were answered with, which changes neither cycles nor values
    """

    start_cycle: int  # `start` was 1 in it
    end_cycle: int  # first cycle of IDLE after it
    errors: int
    phases: tuple[ListPhase, ...]
    weight_words: tuple[int, ...]  # of each port
    activation_words: int
    result_words: int
    weight_bursts: tuple[Bursts, ...] | None
    activation_bursts: Bursts | None
    result_bursts: Bursts | None

    @property
    def list_cycles(self) -> int:
        """Cycles that are not IDLE."""
        return self.end_cycle - self.start_cycle - 1

    @property
    def counts(self) -> ArrayCounts:
        """The array's counters, over the whole list."""
        return reduce(add, (phase.counts for phase in self.phases))
