"""Stepping is the same for any control: here one that makes a result of each weight beat."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bitsim.array.control import BUSY, DRAIN, IDLE, WAIT_WEIGHTS
from bitsim.array.protocol import NEVER
from bitsim.array.stepping import ENDED, NEEDS_WEIGHTS, STEPPING, Schedules, run

LATENCY_CYCLES = 2


class Echo(NamedTuple):
    """held (1,) weight beats; left (1,) of the phase; ready (1,) cycle of the result on its way."""

    held: NDArray[np.int64]
    left: NDArray[np.int64]
    ready: NDArray[np.int64]

    def cycle_class(self) -> int:
        if self.left[0] < 0:
            return IDLE
        if self.left[0] == 0 or self.ready[0] < NEVER:
            return DRAIN
        return BUSY if self.held[0] > 0 else WAIT_WEIGHTS

    def weight_room(self, stream: int) -> bool:
        return self.held[stream] == 0

    def take_weights(self, stream: int) -> None:
        self.held[stream] += 1

    def activation_room(self) -> bool:
        return False

    def take_activations(self) -> None:
        pass

    def result_cycle(self) -> int:
        return self.ready[0]

    def give_result(self) -> None:
        self.ready[0] = NEVER

    def issue(self, t: int) -> None:
        self.held[0] -= 1
        self.left[0] -= 1
        self.ready[0] = t + LATENCY_CYCLES

    def drained(self) -> bool:
        return self.left[0] == 0 and self.ready[0] == NEVER

    def begin(self, loops: Any) -> None:
        self.left[0] = loops.row_tiles

    def end(self) -> None:
        self.left[0] = -1


def test_a_control_of_a_few_lines_is_stepped_to_the_end_of_its_phase() -> None:
    """Accepted in 5; BUSY in 6, and in 11 with the weight that comes in 10; results in 8, 13."""
    for leap in (True, False):
        control = Echo(*(np.array([value], np.int64) for value in (0, -1, NEVER)))
        stepping = np.zeros(1, STEPPING)
        stepping["offered_cycle"], stepping["row_tiles"] = 5, 2
        beats = np.array([[0, 0]], np.int64)
        taken = np.array([0, 0, NEVER], np.int64)
        given = Schedules(beats, *_zeros(1), *_zeros(1, 1), taken, *_zeros(1))
        assert run(control, stepping, given, NEVER, leap) == NEEDS_WEIGHTS
        assert stepping["cycle"] == 7  # the queue is free again, and nothing more is known
        given = given._replace(weights=np.array([[0, 10, NEVER]], np.int64))
        assert run(control, stepping, given, NEVER, leap) == ENDED
        classes = stepping["class_cycles"][0]
        assert (stepping["accept_cycle"], stepping["cycle"]) == (5, 14)
        assert {kind: int(count) for kind, count in enumerate(classes) if count} == {
            BUSY: 2,
            WAIT_WEIGHTS: 2,
            DRAIN: 4,
        }


def _zeros(*sizes: int) -> list[NDArray[np.int64]]:
    return [np.zeros(size, np.int64) for size in sizes]
