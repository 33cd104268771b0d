"""The cycle simulator's interface, the same for every dataflow of the array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from bitsim.array.control import Control
from bitsim.spec.counts import ArrayCounts
from bitsim.spec.phase import Phase
from bitsim.spec.ternary import TernaryMatrix

NEVER = 1 << 62  # a cycle that no simulation reaches

Stream = Literal["weights", "activations", "results"]
STREAMS: tuple[Stream, ...] = ("weights", "activations", "results")


@dataclass(frozen=True)
class Pause:
    """Where stepping stopped: at the beginning of `cycle`, which has not been simulated yet.

    `needs` is the stream whose next beat decides what happens in that cycle; None if stepping
    reached what it was asked for (the end of the phase, or the cycle).
    """

    cycle: int
    needs: Stream | None


@dataclass(frozen=True, eq=False)
class PhaseResult:
    """One phase as the array ran it. Cycles count from reset.

    output  (m, n)  int32: the sums, wrapped to the accumulator's width; None for timing alone
    """

    phase: Phase
    accept_cycle: int  # the phase was transferred in it
    end_cycle: int  # first cycle after the last RUN cycle
    counts: ArrayCounts
    output: NDArray[np.int32] | None

    @property
    def first_cycle(self) -> int:
        """First RUN cycle."""
        return self.accept_cycle + 1


@dataclass(frozen=True, eq=False)
class Sums:
    """What an array makes of the values of a phase.

    output  (m, n)  int32: wrapped to the accumulator's width
    """

    output: NDArray[np.int32]
    adds: int
    subtracts: int


def counts_of(
    class_cycles: NDArray[np.int64], busy_products: int, sums: Sums | None
) -> ArrayCounts:
    """The array's counters.

    class_cycles   (5,)  BUSY ... DRAIN of `bitsim.array.control`
    busy_products  ternary products of a BUSY cycle
    sums           None for timing alone: no product is counted
    """
    busy, wait_weights, wait_activations, wait_results, drain = (int(each) for each in class_cycles)
    adds, subtracts = (sums.adds, sums.subtracts) if sums else (0, 0)
    return ArrayCounts(
        cycles=busy + wait_weights + wait_activations + wait_results + drain,
        busy=busy,
        wait_weights=wait_weights,
        wait_activations=wait_activations,
        wait_results=wait_results,
        drain=drain,
        adds=adds,
        subtracts=subtracts,
        skips=busy * busy_products - adds - subtracts if sums else 0,
    )


class Array(Protocol):
    """An array that is fed schedules piece by piece, and stepped as far as they reach.

    Whatever the pieces, the cycles are the same as with the whole schedule given at once. A beat
    whose arrival is earlier than the cycle already reached is there now.
    """

    def image(self, matrices: Sequence[TernaryMatrix]) -> NDArray[np.uint8]:
        """The weight image of the rows of all matrices, stacked in order.

        Its bytes are laid out as `bitsim.spec.encoding.weight_image`. All matrices have one k.
        """
        ...

    def control(self) -> Control:
        """A control after reset, for a link to step. One weight stream stands for all as
        long as they are alike; `sums` has the values."""
        ...

    def split(self, control: Any, streams: int) -> Control:
        """The same control, from now on with so many separate weight streams; they feed equal
        shares of the array."""
        ...

    def sums(self, phase: Phase, image: NDArray[np.uint8], activations: NDArray[np.int8]) -> Sums:
        """The values of a whole phase; `image` and `activations` as `begin` is given them."""
        ...

    def begin(
        self,
        phase: Phase,
        offered_cycle: int,
        image: NDArray[np.uint8] | None,
        activations: NDArray[np.int8] | None,
    ) -> None:
        """Offer the next phase from `offered_cycle` on; the one before has ended.

        image        as `image` made it; None for timing alone
        activations  (m, k)  int8; None for timing alone

        `BitsimError` if this array cannot run the phase.
        """
        ...

    def offer_weights(self, arrivals: NDArray[np.int64]) -> None:
        """Append to the weight streams' schedule: (beats,) for all streams alike, or
        (streams, beats). Beats of later phases may be offered at any time."""
        ...

    def offer_activations(self, arrivals: NDArray[np.int64]) -> None:
        """Append (beats,) to the activation stream's schedule."""
        ...

    def take_results(self, cycles: NDArray[np.int64]) -> None:
        """Append (beats,): the cycle from which each result beat may be taken."""
        ...

    def silence(self, stream: Stream, until_cycle: int) -> None:
        """Promise that beyond the schedule given so far a stream offers (or takes) nothing
        before `until_cycle`. Replaces the promise before it; a further beat of the schedule
        withdraws it."""
        ...

    def advance(self) -> Pause:
        """Step until the phase has ended, or a cycle depends on a beat not yet scheduled."""
        ...

    def idle_until(self, cycle: int) -> Pause:
        """Step without a phase to the beginning of `cycle`: queues and buffer fill."""
        ...

    def result(self) -> PhaseResult:
        """The phase that has ended last."""
        ...
