"""What every array is seen as from outside: streams of beats, and how a phase is cut into them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bitsim.spec.base import Spec
from bitsim.spec.encoding import Packing
from bitsim.spec.phase import Phase

MAX_VECTOR_BITS = 1 << 16  # that every tool must take: IEEE 1800-2017, 6.9.1
MAX_TILES = (1 << 16) - 1  # row tiles, K beats and groups are 16-bit counts in the hardware


class Tiling(ABC):
    """A phase as beats. The hardware gets its three loop bounds.

    row_tiles  groups of `ArraySpec.rows` rows of the matrix
    k_beats    beats along K
    groups     groups of `ArraySpec.vectors` activation vectors
    """

    row_tiles: int
    k_beats: int
    groups: int

    @property
    @abstractmethod
    def blocks(self) -> int:
        """Times that the whole matrix is streamed."""

    @property
    @abstractmethod
    def busy_cycles(self) -> int:
        """Cycles of an unstalled phase, fill and drain left out."""

    @property
    @abstractmethod
    def weight_beats(self) -> int:
        """Beats that each weight stream delivers."""

    @property
    @abstractmethod
    def activation_beats(self) -> int:
        """Beats of the activation stream."""

    @property
    @abstractmethod
    def result_beats(self) -> int:
        """Beats of the result stream."""

    @abstractmethod
    def activation_order(self) -> NDArray[np.int64]:
        """(activation beats, 2): K beat and group of each beat, in the order of the stream."""

    @abstractmethod
    def result_order(self) -> NDArray[np.int64]:
        """(result beats, 2): row tile and group of each beat, in the order of the stream."""


class ArraySpec(Spec, ABC):
    """An array of ternary lanes, whatever its dataflow.

    A weight beat is `feed_bytes` on each of `feeds` streams; an activation beat has `depth` int8 of
    each of `vectors` vectors; a result beat has `rows` sums of each vector.
    """

    # Which field of the file sets which of the properties below: what a message names.
    SET_BY: ClassVar[Mapping[str, str]]

    dataflow: str = Field(description="how the array computes")

    @property
    @abstractmethod
    def rows(self) -> int:
        """Rows of the matrix that are worked on at a time."""

    @property
    @abstractmethod
    def vectors(self) -> int:
        """Activation vectors that are worked on at a time."""

    @property
    @abstractmethod
    def depth(self) -> int:
        """Places along K that are worked on at a time."""

    @property
    @abstractmethod
    def feeds(self) -> int:
        """Weight streams, each with a queue of its own; ports share them out evenly."""

    @property
    @abstractmethod
    def feed_bytes(self) -> int:
        """Bytes of one beat of one weight stream."""

    @property
    @abstractmethod
    def result_bits(self) -> int:
        """Width of a sum that leaves the array, two's complement."""

    @property
    @abstractmethod
    def hold_groups(self) -> int:
        """Groups of `vectors` activation vectors that a weight beat stays for."""

    @property
    @abstractmethod
    def packing(self) -> Packing:
        """How weights are written in their streams."""

    @property
    @abstractmethod
    def longest_k(self) -> int:
        """Longest dot product."""

    @property
    @abstractmethod
    def peak_products(self) -> int:
        """Ternary products in one busy cycle."""

    @property
    @abstractmethod
    def stream_lines(self) -> tuple[str, ...]:
        """What the beats of each stream hold, a line each, for who reads the Verilog."""

    @abstractmethod
    def tiling(self, phase: Phase) -> Tiling:
        """How a phase is cut, or `BitsimError` when this array cannot run it."""

    @abstractmethod
    def weight_image(self, weights: NDArray[np.int8]) -> NDArray[np.uint8]:
        """What the weight streams carry in one pass over a matrix.

        weights  (n, k)  int8 in {-1, 0, 1}
        returns  (row_tiles, k_beats, feeds, feed_bytes)  uint8
        """

    @property
    def held_vectors(self) -> int:
        """Activation vectors that one pass over the matrix can be multiplied by."""
        return self.vectors * self.hold_groups

    @property
    def weight_beat_bytes(self) -> int:
        """Bytes of one beat of all weight streams."""
        return self.feeds * self.feed_bytes

    @property
    def activation_beat_bytes(self) -> int:
        """Bytes of one activation beat."""
        return self.depth * self.vectors

    def said(self, quantity: str) -> str:
        """The field that sets a property, with the value that the property has."""
        return f"array.{self.SET_BY[quantity]} = {getattr(self, quantity)}"

    @property
    def beat_sums(self) -> int:
        """Sums of one result beat."""
        return self.rows * self.vectors
