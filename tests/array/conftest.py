"""Small machines, and a timing-only array with everything at hand unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from bitsim.array.dot.model import DotArray
from bitsim.array.protocol import NEVER, STREAMS, PhaseResult
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.phase import Phase

SMALL = {
    "dataflow": "dot",
    "columns": 2,
    "lanes": 3,
    "slices": 1,
    "hold": 1,
    "weight_packing": "2bit",
    "tree_stages": 0,
    "accumulator_bits": 16,
    "max_k": 60,
    "weight_fifo_beats": 4,
    "activation_buffer_beats": 64,
    "result_fifo_beats": 4,
    "skip": "gate",
}


@pytest.fixture
def machine() -> Callable[..., DotSpec]:
    """`machine(lanes=4)` is the small machine with 4 lanes."""
    return lambda **changes: DotSpec(**{**SMALL, **changes})


@pytest.fixture
def array(machine: Callable[..., DotSpec]) -> Callable[..., DotArray]:
    """A timing-only array whose streams do as told; a stream that is not named never waits."""

    def make(
        spec: DotSpec | None = None,
        weights: Sequence[int] | Any = None,
        activations: Sequence[int] | None = None,
        takes: Sequence[int] | None = None,
    ) -> DotArray:
        made = DotArray(spec or machine(), values=False)
        always = np.zeros(1000, np.int64)
        made.offer_weights(always if weights is None else np.array(weights, np.int64))
        made.offer_activations(always if activations is None else np.array(activations, np.int64))
        made.take_results(always if takes is None else np.array(takes, np.int64))
        return made

    return make


@pytest.fixture
def finish() -> Callable[..., PhaseResult]:
    """Run one phase of (row tiles, K beats, vectors) to its end; nothing more is scheduled."""

    def run(array: DotArray, tiles: int, beats: int, m: int = 1, offered: int = 0) -> PhaseResult:
        spec = array.spec
        phase = Phase(name="test", n=tiles * spec.columns, k=beats * spec.lanes, m=m)
        for stream in STREAMS:
            array.silence(stream, NEVER)
        array.begin(phase, offered, None, None)
        assert array.advance().needs is None
        return array.result()

    return run
