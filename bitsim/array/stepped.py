"""An array whose control is stepped cycle by cycle, and whose values follow: `protocol.Array`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bitsim.array.control import IDLE, Control
from bitsim.array.protocol import (
    NEVER,
    STREAMS,
    Pause,
    PhaseResult,
    Stream,
    Sums,
    counts_of,
)
from bitsim.array.schedule import Schedule
from bitsim.array.stepping import STEPPING, STUCK, Schedules, run
from bitsim.spec.array.array import ArraySpec
from bitsim.spec.phase import Phase
from bitsim.spec.ternary import TernaryMatrix

S = TypeVar("S", bound=ArraySpec)


class Values(Protocol):
    """The numbers of one phase."""

    def follow(self, control: Any) -> None:
        """Do everything that the control has issued, and has not been done yet."""
        ...

    def finish(self) -> None:
        """Do all of the phase."""
        ...

    def sums(self) -> Sums:
        """What has been done."""
        ...


class SteppedArray(ABC, Generic[S]):
    """What is the same for all dataflows; each dataflow adds the abstract methods.

    `leap` False steps also through the cycles in which nothing can change; it is the same machine,
    slower.
    """

    def __init__(self, spec: S, values: bool, leap: bool = True) -> None:
        self.spec = spec
        self._with_values = values
        self._leap = leap
        self._control = self.control()
        self._stepping = np.zeros(1, STEPPING)
        self._stepping["offered_cycle"] = NEVER
        self._schedules: dict[Stream, Schedule] = {stream: Schedule() for stream in STREAMS}
        self._phase: Phase | None = None
        self._values: Values | None = None

    @abstractmethod
    def image(self, matrices: Sequence[TernaryMatrix]) -> NDArray[np.uint8]:
        """See `Array.image`."""

    @abstractmethod
    def control(self) -> Control:
        """See `Array.control`."""

    @abstractmethod
    def split(self, control: Any, streams: int) -> Control:
        """See `Array.split`."""

    @abstractmethod
    def values(
        self, phase: Phase, image: NDArray[np.uint8], activations: NDArray[np.int8]
    ) -> Values:
        """Of a phase that has not begun; image and activations as `begin` is given them."""

    def sums(self, phase: Phase, image: NDArray[np.uint8], activations: NDArray[np.int8]) -> Sums:
        """See `Array.sums`."""
        values = self.values(phase, image, activations)
        values.finish()
        return values.sums()

    def begin(
        self,
        phase: Phase,
        offered_cycle: int,
        image: NDArray[np.uint8] | None,
        activations: NDArray[np.int8] | None,
    ) -> None:
        """Offer the next phase; see `Array.begin`."""
        self._assert_idle()
        stepping, tiling = self._stepping[0], self.spec.tiling(phase)
        for bound in ("row_tiles", "k_beats", "groups"):
            stepping[bound] = getattr(tiling, bound)
        stepping["offered_cycle"] = offered_cycle
        self._phase = phase
        self._values = None
        if image is not None:
            assert self._with_values
            assert activations is not None
            self._values = self.values(phase, image, activations)

    def offer_weights(self, arrivals: NDArray[np.int64]) -> None:
        """Append (beats,) for all weight streams alike, or (streams, beats)."""
        arrivals = np.atleast_2d(arrivals)
        schedule, streams = self._schedules["weights"], self.spec.feeds
        if arrivals.shape[0] > 1 and schedule.used.size == 1:
            assert arrivals.shape[0] == streams, arrivals.shape
            if (arrivals == arrivals[0]).all():
                arrivals = arrivals[:1]
            else:
                schedule.split(streams)
                self._control = self.split(self._control, streams)
        schedule.append(arrivals)

    def offer_activations(self, arrivals: NDArray[np.int64]) -> None:
        """Append (beats,)."""
        self._schedules["activations"].append(arrivals)

    def take_results(self, cycles: NDArray[np.int64]) -> None:
        """Append (beats,)."""
        self._schedules["results"].append(cycles)

    def silence(self, stream: Stream, until_cycle: int) -> None:
        """Promise nothing beyond the schedule of a stream before `until_cycle`."""
        self._schedules[stream].silence(until_cycle)

    def advance(self) -> Pause:
        """Step until the phase has ended, or a beat is needed that is not scheduled."""
        assert self._stepping["offered_cycle"] < NEVER, "no phase was begun"
        return self._run(NEVER)

    def idle_until(self, cycle: int) -> Pause:
        """Step without a phase to the beginning of `cycle`."""
        self._assert_idle()
        return self._run(cycle)

    def result(self) -> PhaseResult:
        """The phase that has ended last."""
        assert self._phase is not None, "no phase was begun"
        self._assert_idle()
        stepping, sums = self._stepping[0], self._values.sums() if self._values else None
        counts = counts_of(stepping["class_cycles"][:IDLE], self.spec.peak_products, sums)
        return PhaseResult(
            phase=self._phase,
            accept_cycle=int(stepping["accept_cycle"]),
            end_cycle=int(stepping["accept_cycle"]) + 1 + counts.cycles,
            counts=counts,
            output=sums.output if sums else None,
        )

    def _assert_idle(self) -> None:
        """A phase that was begun is offered until it has ended."""
        assert self._stepping["offered_cycle"] == NEVER, "the phase has not ended"

    def _run(self, stop_cycle: int) -> Pause:
        weights, activations, results = (self._schedules[stream] for stream in STREAMS)
        given = Schedules(
            weights.beats,
            weights.used,
            activations.beats[0],
            activations.used,
            results.beats[0],
            results.used,
        )
        why = run(self._control, self._stepping, given, stop_cycle, self._leap)
        cycle = int(self._stepping["cycle"][0])
        assert why != STUCK, f"cycle {cycle}: nothing will ever happen again"
        if self._values is not None:
            self._values.follow(self._control)
        return Pause(cycle=cycle, needs=STREAMS[why] if why < len(STREAMS) else None)
