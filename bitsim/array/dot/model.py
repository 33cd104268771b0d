"""The `dot` dataflow: a streaming dot-product array, output-stationary (docs/machine.md)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bitsim.array.dot import image as dot_image
from bitsim.array.dot.control import DotControl, after_reset
from bitsim.array.dot.numbers import DotNumbers
from bitsim.array.stepped import SteppedArray
from bitsim.spec import encoding
from bitsim.spec.array.dot import DotSpec
from bitsim.spec.phase import Phase
from bitsim.spec.ternary import TernaryMatrix
from bitsim.units import ceil_div


class DotArray(SteppedArray[DotSpec]):
    """Its lanes do what its control has issued."""

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

    def control(self) -> DotControl:
        """One queue, of all columns."""
        return after_reset(self.spec)

    def split(self, control: DotControl, streams: int) -> DotControl:
        """A queue for each stream, of a column or of a port's columns."""
        return control._replace(level=np.repeat(control.level, streams))

    def values(
        self, phase: Phase, image: NDArray[np.uint8], activations: NDArray[np.int8]
    ) -> DotNumbers:
        """What the lanes are given, and their sums."""
        return DotNumbers.of(self.spec, phase, image, activations)
