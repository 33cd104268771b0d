"""`direct`, cycle by cycle."""

from __future__ import annotations

from collections.abc import Sequence
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
from bitsim.array.protocol import NEVER, Sums
from bitsim.array.stepped import SteppedArray
from bitsim.spec import encoding
from bitsim.spec.phase import Phase
from bitsim.spec.ternary import TernaryMatrix
from tests.agree.parts.direct_spec import DirectSpec

STATE = np.dtype(
    [
        ("running", np.int64),
        *LOOPS,
        ("beat", np.int64),
        ("left", np.int64),  # sums to be issued
        ("weights", np.int64),  # 1: the register holds a beat
        ("activations", np.int64),
        ("result", np.int64),
        ("ready_cycle", np.int64),
    ]
)


class DirectControl(NamedTuple):
    """One register for each stream. state (1,) STATE."""

    state: NDArray[Any]

    def cycle_class(self) -> int:
        s = self.state[0]
        if not s.running:
            return IDLE
        if s.left == 0:
            return DRAIN
        if not s.weights:
            return WAIT_WEIGHTS
        if not s.activations:
            return WAIT_ACTIVATIONS
        if s.beat == s.k_beats - 1 and s.result:
            return WAIT_RESULTS
        return BUSY

    def weight_room(self, stream: int) -> bool:
        return not self.state[0].weights

    def take_weights(self, stream: int) -> None:
        self.state[0].weights = 1

    def activation_room(self) -> bool:
        return not self.state[0].activations

    def take_activations(self) -> None:
        self.state[0].activations = 1

    def result_cycle(self) -> int:
        s = self.state[0]
        return s.ready_cycle if s.result else NEVER

    def give_result(self) -> None:
        self.state[0].result = 0

    def issue(self, t: int) -> None:
        s = self.state[0]
        s.weights = 0
        s.activations = 0
        s.beat += 1
        if s.beat == s.k_beats:
            s.beat = 0
            s.left -= 1
            s.result = 1
            s.ready_cycle = t + 1

    def drained(self) -> bool:
        return not self.state[0].result

    def begin(self, loops: Any) -> None:
        s = self.state[0]
        s.running = 1
        s.k_beats = loops.k_beats
        s.left = loops.row_tiles * loops.groups
        s.beat = 0

    def end(self) -> None:
        self.state[0].running = 0


class DirectValues:
    """Sums by numpy, once the phase is under way."""

    def __init__(self, weights: NDArray[np.int8], activations: NDArray[np.int8]) -> None:
        products = activations[:, None, :].astype(np.int32) * weights[None]
        self._sums = Sums(
            output=products.sum(axis=-1, dtype=np.int32),
            adds=int(((activations != 0)[:, None] & (weights == 1)[None]).sum()),
            subtracts=int(((activations != 0)[:, None] & (weights == -1)[None]).sum()),
        )

    def follow(self, control: Any) -> None:
        """Nothing is left to do."""

    def finish(self) -> None:
        """Nothing is left to do."""

    def sums(self) -> Sums:
        return self._sums


class DirectArray(SteppedArray[DirectSpec]):
    """See `Array`."""

    def image(self, matrices: Sequence[TernaryMatrix]) -> NDArray[np.uint8]:
        return self.spec.weight_image(np.concatenate([each.unpack() for each in matrices]))

    def control(self) -> DirectControl:
        return DirectControl(np.zeros(1, STATE))

    def split(self, control: DirectControl, streams: int) -> DirectControl:
        assert streams == 1
        return control

    def values(
        self, phase: Phase, image: NDArray[np.uint8], activations: NDArray[np.int8]
    ) -> DirectValues:
        beats = encoding.unpack(image[:, :, 0], self.spec.places, self.spec.packing)
        return DirectValues(beats.reshape(len(beats), -1)[:, : phase.k], activations)
