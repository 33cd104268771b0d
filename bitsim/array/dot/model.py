"""The `dot` dataflow: a streaming dot-product array, output-stationary (docs/machine.md)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bitsim.array.dot import control
from bitsim.array.dot import image as dot_image
from bitsim.array.dot.numbers import DotNumbers
from bitsim.array.protocol import NEVER, STREAMS, Pause, PhaseResult, Stream
from bitsim.array.schedule import Schedule
from bitsim.spec import encoding
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.counts import ArrayCounts
from bitsim.spec.phase import Phase
from bitsim.spec.ternary import TernaryMatrix
from bitsim.units import ceil_div


class DotArray:
    """Steps the control cycle by cycle, and has the lanes do every step that it issues.

    `leap` False steps also through the cycles in which nothing can change; it is the same machine,
    slower.
    """

    def __init__(self, spec: DotSpec, values: bool, leap: bool = True) -> None:
        self.spec = spec
        self._values = values
        self._leap = leap
        self._control = np.zeros(1, control.CONTROL)
        state = self._control[0]
        state["hold"] = spec.hold
        state["weight_places"] = spec.weight_fifo_beats
        state["activation_places"] = spec.activation_buffer_beats
        state["result_places"] = spec.result_fifo_beats
        state["latency_cycles"] = spec.latency_cycles
        state["offered_cycle"] = NEVER
        self._ready_cycle = np.zeros(spec.result_fifo_beats, np.int64)
        self._level = np.zeros(1, np.int64)
        self._schedules: dict[Stream, Schedule] = {stream: Schedule() for stream in STREAMS}
        self._phase: Phase | None = None
        self._numbers: DotNumbers | None = None

    def image(self, matrices: Sequence[TernaryMatrix]) -> NDArray[np.uint8]:
        """(row_tiles, k_beats, columns, beat_bytes) uint8: `weight_image` of the stacked rows."""
        spec, k = self.spec, matrices[0].k
        assert all(matrix.k == k for matrix in matrices), [matrix.k for matrix in matrices]
        n = sum(matrix.n for matrix in matrices)
        shape = (ceil_div(n, spec.columns), ceil_div(k, spec.lanes), spec.columns, spec.beat_bytes)
        image = np.empty(shape, np.uint8)
        zero = encoding.pack(np.zeros(1, np.int8), spec.weight_packing)[0]
        image[-1] = zero  # rows that pad the last tile
        recode = dot_image.recode_table(spec.weight_packing)
        places = encoding.WEIGHTS_PER_BYTE[spec.weight_packing]
        row = 0
        for matrix in matrices:
            clean = dot_image.pack_rows(matrix.packed, row, spec.lanes, places, recode, image)
            assert clean, f"{matrix.name}: reserved 2bit code"
            row += matrix.n
        return image

    def begin(
        self,
        phase: Phase,
        offered_cycle: int,
        image: NDArray[np.uint8] | None,
        activations: NDArray[np.int8] | None,
    ) -> None:
        """Offer the next phase; see `Array.begin`."""
        state = self._control[0]
        assert not state["running"], "the phase before has not ended"
        assert state["offered_cycle"] == NEVER, "the phase before has not begun"
        tiling = self.spec.tiling(phase)
        state["row_tiles"] = tiling.row_tiles
        state["k_beats"] = tiling.k_beats
        state["groups"] = tiling.groups
        state["offered_cycle"] = offered_cycle
        self._phase = phase
        self._numbers = None
        if image is not None:
            assert self._values
            assert activations is not None
            self._numbers = DotNumbers.of(self.spec, phase, tiling, image, activations)

    def offer_weights(self, arrivals: NDArray[np.int64]) -> None:
        """Append (beats,) for all columns alike, or (columns, beats)."""
        arrivals = np.atleast_2d(arrivals)
        schedule = self._schedules["weights"]
        if arrivals.shape[0] > 1 and self._level.size == 1:
            assert arrivals.shape[0] == self.spec.columns, arrivals.shape
            if (arrivals == arrivals[0]).all():
                arrivals = arrivals[:1]
            else:
                schedule.split(self.spec.columns)
                self._level = np.repeat(self._level, self.spec.columns)
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
        state = self._control[0]
        assert state["running"] or state["offered_cycle"] < NEVER, "no phase was begun"
        return self._run(NEVER)

    def idle_until(self, cycle: int) -> Pause:
        """Step without a phase to the beginning of `cycle`."""
        state = self._control[0]
        assert not state["running"], "a phase runs"
        assert state["offered_cycle"] == NEVER, "a phase is offered"
        return self._run(cycle)

    def result(self) -> PhaseResult:
        """The phase that has ended last."""
        state, numbers = self._control[0], self._numbers
        assert self._phase is not None, "no phase was begun"
        assert not state["running"], "the phase has not ended"
        assert state["offered_cycle"] == NEVER, "the phase has not begun"
        adds, subtracts = (int(each) for each in numbers.counts) if numbers else (0, 0)
        cycles = [int(each) for each in state["class_cycles"][: control.IDLE]]
        products = cycles[control.BUSY] * self.spec.lane_count if numbers else 0
        return PhaseResult(
            phase=self._phase,
            accept_cycle=int(state["accept_cycle"]),
            end_cycle=int(state["accept_cycle"]) + 1 + sum(cycles),
            counts=ArrayCounts(
                cycles=sum(cycles),
                busy=cycles[control.BUSY],
                wait_weights=cycles[control.WAIT_WEIGHTS],
                wait_activations=cycles[control.WAIT_ACTIVATIONS],
                wait_results=cycles[control.WAIT_RESULTS],
                drain=cycles[control.DRAIN],
                adds=adds,
                subtracts=subtracts,
                skips=products - adds - subtracts,
            ),
            output=numbers.output if numbers else None,
        )

    def _run(self, stop_cycle: int) -> Pause:
        state = self._control[0]
        weights, activations, results = (self._schedules[stream] for stream in STREAMS)
        why = control.run(
            self._control,
            self._level,
            weights.beats,
            weights.used,
            activations.beats[0],
            activations.used,
            results.beats[0],
            results.used,
            self._ready_cycle,
            stop_cycle,
            self._leap,
        )
        assert why != control.STUCK, f"cycle {state['cycle']}: nothing will ever happen again"
        if self._numbers is not None:
            self._numbers.do(self.spec, int(state["passes"]))
        needs = STREAMS[why] if why < len(STREAMS) else None
        return Pause(cycle=int(state["cycle"]), needs=needs)
