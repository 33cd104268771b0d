"""The values of one phase through the `dot` dataflow: what its lanes are given, and their sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.array.dot import lanes as dot_lanes
from bitsim.spec.array.dot import DotSpec, DotTiling
from bitsim.spec.phase import Phase


@dataclass(eq=False)
class DotNumbers:
    """The values of a phase, and how far the lanes have got.

    output  (m, n)  int32
    counts  (2,)  int64: adds, subtracts
    passes  done so far: row tiles, over all blocks
    """

    image: NDArray[np.uint8]
    table: NDArray[Any]
    vectors: NDArray[np.int8]
    nonzero: NDArray[np.int32]
    output: NDArray[np.int32]
    counts: NDArray[np.int64]
    passes: int = 0

    @classmethod
    def of(
        cls,
        spec: DotSpec,
        phase: Phase,
        tiling: DotTiling,
        image: NDArray[np.uint8],
        activations: NDArray[np.int8],
    ) -> DotNumbers:
        """Of a phase that has not begun; image and activations as `Array.begin` is given them."""
        expected = (tiling.row_tiles, tiling.k_beats, spec.columns, spec.beat_bytes)
        assert image.shape == expected, (image.shape, expected)
        assert activations.shape == (phase.m, phase.k), activations.shape
        assert activations.dtype == np.int8, activations.dtype
        vectors = dot_lanes.slot_vectors(activations, spec.lanes, spec.weight_packing)
        block_starts = np.arange(0, phase.m, spec.hold * spec.slices)
        return cls(
            image=image,
            table=dot_lanes.slot_table(spec.weight_packing),
            vectors=vectors,
            nonzero=np.add.reduceat(vectors != 0, block_starts, axis=0, dtype=np.int32),
            output=np.zeros((phase.m, phase.n), np.int32),
            counts=np.zeros(2, np.int64),
        )

    def do(self, spec: DotSpec, passes: int) -> None:
        """Have the lanes do the passes up to `passes` that they have not done yet."""
        if passes == self.passes:
            return
        dot_lanes.passes(
            self.image,
            self.table,
            self.vectors,
            self.nonzero,
            spec.hold * spec.slices,
            spec.accumulator_bits,
            self.passes,
            passes,
            self.output,
            self.counts,
        )
        self.passes = passes
