"""The values of one phase through the `dot` dataflow: what its lanes are given, and their sums."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from bitsim.array.dot import lanes as dot_lanes
from bitsim.array.dot.control import DotControl
from bitsim.array.protocol import Sums
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.phase import Phase


class DotNumbers:
    """How far the lanes have got: `done` passes, which are row tiles over all blocks."""

    def __init__(self, lanes: dot_lanes.Lanes, passes: int) -> None:
        self._lanes = lanes
        self._passes = passes
        self._done = 0

    @classmethod
    def of(
        cls,
        spec: DotSpec,
        phase: Phase,
        image: NDArray[np.uint8],
        activations: NDArray[np.int8],
    ) -> Self:
        """Of a phase that has not begun; image and activations as `Array.begin` is given them."""
        tiling = spec.tiling(phase)
        expected = (tiling.row_tiles, tiling.k_beats, spec.columns, spec.beat_bytes)
        assert image.shape == expected, (image.shape, expected)
        assert activations.shape == (phase.m, phase.k), activations.shape
        assert activations.dtype == np.int8, activations.dtype
        vectors = dot_lanes.slot_vectors(activations, spec.lanes, spec.weight_packing)
        table = dot_lanes.slot_table(spec.weight_packing)
        packed = np.empty((spec.columns, tiling.k_beats * spec.beat_bytes), table.dtype)
        block_starts = np.arange(0, phase.m, spec.hold * spec.slices)
        lanes = dot_lanes.Lanes(
            image=image,
            table=table,
            vectors=vectors,
            nonzero=np.add.reduceat(vectors != 0, block_starts, axis=0, dtype=np.int32),
            block_vectors=spec.hold * spec.slices,
            accumulator_bits=spec.accumulator_bits,
            output=np.zeros((phase.m, phase.n), np.int32),
            counts=np.zeros(2, np.int64),
            packed=packed,
            weights=packed.view(np.int8),
            tallies=np.empty((2, vectors.shape[1]), np.uint8),
        )
        return cls(lanes, tiling.row_tiles * tiling.blocks)

    def follow(self, control: DotControl) -> None:
        """Have the lanes do the passes that the control has finished."""
        self._do(int(control.state[0]["passes"]))

    def finish(self) -> None:
        """Have the lanes do all passes."""
        self._do(self._passes)

    def sums(self) -> Sums:
        """Of the passes that are done."""
        adds, subtracts = (int(each) for each in self._lanes.counts)
        return Sums(self._lanes.output, adds, subtracts)

    def _do(self, passes: int) -> None:
        if passes > self._done:
            dot_lanes.passes(self._lanes, self._done, passes)
            self._done = passes
