"""The control of the `dot` dataflow: docs/machine.md, "Time".

No decision here depends on a value, so the control runs apart from the lanes: it finds the cycle of
every transfer and of every issued step, and the lanes do what was issued.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bitsim.array.control import (
    BUSY,
    DRAIN,
    IDLE,
    LOOPS,
    WAIT_ACTIVATIONS,
    WAIT_RESULTS,
    WAIT_WEIGHTS,
)
from bitsim.array.protocol import NEVER
from bitsim.kernels import njit
from bitsim.spec.array.dot import DotSpec
from bitsim.units import Cycles

STATE = np.dtype(
    [
        # the machine
        ("hold", np.int64),
        ("weight_places", np.int64),
        ("activation_places", np.int64),
        ("result_places", np.int64),
        ("latency_cycles", np.int64),
        # the phase
        ("running", np.int64),
        *LOOPS,
        # the next step to issue
        ("earlier_groups", np.int64),  # of the blocks before its own
        ("block_groups", np.int64),  # 0: every step has been issued
        ("row_tile", np.int64),
        ("k_beat", np.int64),
        ("group", np.int64),
        ("passes", np.int64),  # row tiles finished, over all blocks
        # beats, from reset on
        ("block_first_beat", np.int64),  # of activations
        ("loaded", np.int64),
        ("freed", np.int64),
        ("results_issued", np.int64),
        ("results_taken", np.int64),
    ]
)


class DotControl(NamedTuple):
    """See `bitsim.array.control.Control`.

    state        (1,)              STATE
    level        (streams,)        int64: beats in each weight queue; one queue stands for all
                                   columns that its stream feeds, since they are alike
    ready_cycle  (result_places,)  int64: ring, first cycle in which each result can be offered
    """

    state: NDArray[Any]
    level: Cycles
    ready_cycle: Cycles

    def cycle_class(self) -> int:
        """By the state at the start of the cycle."""
        s = self.state[0]
        if not s.running:
            return IDLE
        if s.block_groups == 0:
            return DRAIN
        for stream in range(self.level.size):
            if self.level[stream] == 0:
                return WAIT_WEIGHTS
        if s.loaded <= s.block_first_beat + s.k_beat * s.block_groups + s.group:
            return WAIT_ACTIVATIONS
        if s.k_beat == s.k_beats - 1 and s.results_issued - s.results_taken == s.result_places:
            return WAIT_RESULTS
        return BUSY

    def weight_room(self, stream: int) -> bool:
        """Of the queue of a column."""
        return self.level[stream] < self.state[0].weight_places

    def take_weights(self, stream: int) -> None:
        """One beat more."""
        self.level[stream] += 1

    def activation_room(self) -> bool:
        """A beat stays until the last row tile has used it."""
        s = self.state[0]
        return s.loaded - s.freed < s.activation_places

    def take_activations(self) -> None:
        """One beat more."""
        self.state[0].loaded += 1

    def result_cycle(self) -> int:
        """When the oldest result is through the pipeline."""
        s = self.state[0]
        if s.results_taken == s.results_issued:
            return NEVER
        return self.ready_cycle[s.results_taken % s.result_places]

    def give_result(self) -> None:
        """One beat less."""
        self.state[0].results_taken += 1

    def issue(self, t: int) -> None:
        """Issue the step, and go to the next: group, then K beat, then row tile, then block."""
        s = self.state[0]
        if s.row_tile == s.row_tiles - 1:
            s.freed += 1
        if s.k_beat == s.k_beats - 1:
            self.ready_cycle[s.results_issued % s.result_places] = t + s.latency_cycles
            s.results_issued += 1
        s.group += 1
        if s.group == s.block_groups:
            s.group = 0
            for stream in range(self.level.size):
                self.level[stream] -= 1
            _next_beat(s)

    def drained(self) -> bool:
        """Every result issued has been taken."""
        return self.state[0].results_taken == self.state[0].results_issued

    def begin(self, loops: Any) -> None:
        """The first step is that of the first group, K beat and row tile."""
        s = self.state[0]
        s.running = 1
        s.row_tiles = loops.row_tiles
        s.k_beats = loops.k_beats
        s.groups = loops.groups
        s.earlier_groups = 0
        s.block_groups = min(s.hold, s.groups)
        s.row_tile = 0
        s.k_beat = 0
        s.group = 0
        s.passes = 0

    def end(self) -> None:
        """Nothing runs."""
        self.state[0].running = 0


def after_reset(spec: DotSpec) -> DotControl:
    """With one weight stream for all columns."""
    state = np.zeros(1, STATE)
    state["hold"] = spec.hold
    state["weight_places"] = spec.weight_fifo_beats
    state["activation_places"] = spec.activation_buffer_beats
    state["result_places"] = spec.result_fifo_beats
    state["latency_cycles"] = spec.latency_cycles
    return DotControl(state, np.zeros(1, np.int64), np.zeros(spec.result_fifo_beats, np.int64))


@njit(cache=True, forceinline=True)
def _next_beat(s: Any) -> None:
    """All groups of a block have met the weights."""
    s.k_beat += 1
    if s.k_beat < s.k_beats:
        return
    s.k_beat = 0
    s.passes += 1
    s.row_tile += 1
    if s.row_tile < s.row_tiles:
        return
    s.row_tile = 0
    s.block_first_beat += s.k_beats * s.block_groups
    s.earlier_groups += s.block_groups
    s.block_groups = min(s.hold, s.groups - s.earlier_groups)
