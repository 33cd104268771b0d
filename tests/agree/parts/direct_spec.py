"""The smallest dataflow that is one: a dot product at a time, nothing held but a beat of each kind.

Every activation is streamed again for every row. It is in no part of bitsim: the tests register it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bitsim.errors import BitsimError
from bitsim.spec import encoding
from bitsim.spec.array.array import ArraySpec, Tiling
from bitsim.spec.encoding import Packing
from bitsim.spec.phase import Phase
from bitsim.units import ceil_div

SUM_BITS = 24


class DirectSpec(ArraySpec):
    """One column of `places` lanes without queues."""

    SET_BY: ClassVar[Mapping[str, str]] = {
        "rows": "one",
        "vectors": "one",
        "depth": "places",
        "feeds": "one",
        "hold_groups": "one",
        "result_bits": "one",
        "longest_k": "longest",
    }

    dataflow: Literal["direct"] = Field(description="how the array computes")
    places: int = Field(ge=1, le=16, description="products of a cycle, along K")
    longest: int = Field(ge=1, le=1 << 15, description="longest dot product")
    one: Literal[1] = Field(1, description="rows, vectors and groups at a time")

    @property
    def rows(self) -> int:
        return 1

    @property
    def vectors(self) -> int:
        return 1

    @property
    def depth(self) -> int:
        return self.places

    @property
    def feeds(self) -> int:
        return 1

    @property
    def feed_bytes(self) -> int:
        return encoding.beat_bytes(self.places, self.packing)

    @property
    def hold_groups(self) -> int:
        return 1

    @property
    def packing(self) -> Packing:
        return "2bit"

    @property
    def result_bits(self) -> int:
        return SUM_BITS

    @property
    def longest_k(self) -> int:
        return self.longest

    @property
    def peak_products(self) -> int:
        return self.places

    @property
    def stream_lines(self) -> tuple[str, ...]:
        return (f"  weights_0    in   {self.places} weights", "  results      out  one sum")

    def weight_image(self, weights: NDArray[np.int8]) -> NDArray[np.uint8]:
        return encoding.weight_image(weights, 1, self.places, self.packing)

    def tiling(self, phase: Phase) -> DirectTiling:
        if phase.k > self.longest:
            raise BitsimError(f"phase {phase.name}: k = {phase.k}: raise array.longest")
        return DirectTiling(phase.n, ceil_div(phase.k, self.places), phase.m)


@dataclass(frozen=True)
class DirectTiling(Tiling):
    """Vector after vector, in it row after row, in that K beat after K beat."""

    row_tiles: int
    k_beats: int
    groups: int

    @property
    def blocks(self) -> int:
        return self.groups

    @property
    def busy_cycles(self) -> int:
        return self.row_tiles * self.k_beats * self.groups

    @property
    def weight_beats(self) -> int:
        return self.busy_cycles

    @property
    def activation_beats(self) -> int:
        return self.busy_cycles

    @property
    def result_beats(self) -> int:
        return self.row_tiles * self.groups

    def activation_order(self) -> NDArray[np.int64]:
        group, _, beat = np.indices((self.groups, self.row_tiles, self.k_beats)).reshape(3, -1)
        return np.stack([beat, group], axis=1)

    def result_order(self) -> NDArray[np.int64]:
        group, tile = np.indices((self.groups, self.row_tiles)).reshape(2, -1)
        return np.stack([tile, group], axis=1)
