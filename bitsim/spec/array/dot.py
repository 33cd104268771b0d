"""The `dot` dataflow: a streaming dot-product array, output-stationary (docs/machine.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from bitsim.errors import BitsimError
from bitsim.spec import encoding
from bitsim.spec.array.array import MAX_TILES, MAX_VECTOR_BITS, ArraySpec, Tiling
from bitsim.spec.encoding import LARGEST_ACTIVATION, Packing
from bitsim.spec.phase import Phase
from bitsim.units import ceil_div

MAX_BUFFER_BYTES = 1 << 26  # of activations: more than any chip has for one buffer
PIPELINE_CYCLES = 4  # memory output, decode, accumulate, result register (docs/machine.md)

# Reasons of bounds, as a user reads them.
_ONE_AND_TESTED = "at least one; more than the most was never built or compared"
_LEVELS = "256 lanes make an adder tree of 8 levels, the deepest there is"
_TWO_PLACES = "with one place a beat could come in every other cycle only"


class DotSpec(ArraySpec):
    """A grid of lanes: `columns` outputs at a time, `lanes` products per output and cycle."""

    SET_BY: ClassVar[Mapping[str, str]] = {
        "rows": "columns",
        "vectors": "slices",
        "depth": "lanes",
        "feeds": "columns",
        "hold_groups": "hold",
        "result_bits": "accumulator_bits",
        "longest_k": "max_k",
    }

    dataflow: Literal["dot"] = Field(description="how the array computes: this table is of `dot`")
    columns: int = Field(
        ge=1, le=256, description=f"outputs worked on at a time; {_ONE_AND_TESTED}"
    )
    lanes: int = Field(
        ge=1, le=256, description=f"products of a column in a cycle, along K; {_LEVELS}"
    )
    slices: int = Field(
        ge=1,
        le=16,
        description=f"activation vectors that a weight beat meets in a cycle; {_ONE_AND_TESTED}",
    )
    hold: int = Field(
        ge=1,
        le=64,
        description=f"groups of `slices` vectors that a weight beat stays for; {_ONE_AND_TESTED}",
    )
    weight_packing: Packing = Field(
        description="weights of a byte: base3 has five, 2bit has four (`bitsim.spec.encoding`)"
    )
    tree_stages: int = Field(
        ge=0, le=8, description=f"pipeline registers in the adder tree; {_LEVELS}"
    )
    accumulator_bits: int = Field(
        ge=9,
        le=40,
        description="width of a sum; 9 bits hold one product, -(-128); results in memory are int32",
    )
    max_k: int = Field(
        ge=1, le=(1 << 24) - 1, description="longest dot product; 128 x max_k fits in int32"
    )
    weight_fifo_beats: int = Field(
        ge=2, le=1024, description=f"places in the weight queue of a column; {_TWO_PLACES}"
    )
    activation_buffer_beats: int = Field(
        ge=1,
        le=1 << 20,
        description="places in the activation buffer, each of lanes x slices bytes; addressed by "
        "20 bits",
    )
    result_fifo_beats: int = Field(
        ge=2,
        le=1024,
        description=f"places in the result queue, of columns x slices sums; {_TWO_PLACES}",
    )
    skip: Literal["gate"] = Field(
        description="a zero weight or activation: gate, nothing toggles, its cycle passes"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        faults = []
        needed_bits = (LARGEST_ACTIVATION * self.max_k).bit_length() + 1
        if self.accumulator_bits < needed_bits:
            faults.append(
                f"accumulator_bits = {self.accumulator_bits} overflows at max_k = {self.max_k}: "
                f"{LARGEST_ACTIVATION} x {self.max_k} needs {needed_bits} bits; widen it or "
                f"lower max_k"
            )
        k_beats = ceil_div(self.max_k, self.lanes)
        if k_beats > MAX_TILES:
            faults.append(
                f"max_k = {self.max_k} makes {k_beats} beats of {self.lanes} lanes; the array "
                f"counts to {MAX_TILES}: lower it or add lanes"
            )
        needed_beats = k_beats * self.hold
        if self.activation_buffer_beats < needed_beats:
            faults.append(
                f"activation_buffer_beats = {self.activation_buffer_beats} cannot hold one block: "
                f"ceil(max_k / lanes) x hold = {needed_beats}; enlarge it, or lower max_k or hold"
            )
        if self.tree_stages > self.tree_levels:
            faults.append(
                f"tree_stages = {self.tree_stages} is more than the {self.tree_levels} levels of "
                f"a tree of {self.lanes} lanes; lower it"
            )
        result_bits = self.columns * self.slices * self.accumulator_bits
        if result_bits > MAX_VECTOR_BITS:
            faults.append(
                f"columns = {self.columns} x slices = {self.slices} x accumulator_bits = "
                f"{self.accumulator_bits} make a result beat of {result_bits} bits; Verilog's "
                f"vectors have at most {MAX_VECTOR_BITS}: lower one of them"
            )
        buffer_bytes = self.activation_buffer_beats * self.lanes * self.slices
        if buffer_bytes > MAX_BUFFER_BYTES:
            faults.append(
                f"activation_buffer_beats = {self.activation_buffer_beats} of lanes x slices = "
                f"{self.lanes * self.slices} bytes are {buffer_bytes}; at most {MAX_BUFFER_BYTES} "
                f"are on a chip: lower it"
            )
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def tree_levels(self) -> int:
        """Levels of two-input adders between `lanes` products and their sum."""
        return (self.lanes - 1).bit_length()

    @property
    def sum_bits(self) -> int:
        """Width of one column's sum. -(-128) does not fit in 8 bits, hence 9 for one lane."""
        return 9 + self.tree_levels

    @property
    def beat_bytes(self) -> int:
        """Bytes of one weight beat of one column."""
        return encoding.beat_bytes(self.lanes, self.weight_packing)

    @property
    def rows(self) -> int:
        """A row of the matrix is a column's."""
        return self.columns

    @property
    def vectors(self) -> int:
        """Slices."""
        return self.slices

    @property
    def depth(self) -> int:
        """Lanes of a column."""
        return self.lanes

    @property
    def feeds(self) -> int:
        """Every column has a weight stream."""
        return self.columns

    @property
    def feed_bytes(self) -> int:
        """Bytes of one weight beat of one column."""
        return self.beat_bytes

    @property
    def hold_groups(self) -> int:
        """Groups of slices that a weight beat stays for."""
        return self.hold

    @property
    def packing(self) -> Packing:
        """Of the weight streams."""
        return self.weight_packing

    @property
    def result_bits(self) -> int:
        """Sums leave as the accumulators hold them."""
        return self.accumulator_bits

    @property
    def longest_k(self) -> int:
        """Longest dot product."""
        return self.max_k

    @property
    def peak_products(self) -> int:
        """Ternary products in one busy cycle."""
        return self.columns * self.lanes * self.slices

    @property
    def stream_lines(self) -> tuple[str, ...]:
        """Of the Verilog's ports."""
        return (
            f"  weights_c    in   {self.beat_bytes} bytes: {self.lanes} weights of column c, "
            f"{self.weight_packing}",
            f"  activations  in   {self.slices} x {self.lanes} int8; vector s, lane r at byte "
            f"s * {self.lanes} + r",
            f"  results      out  {self.columns} x {self.slices} sums of {self.accumulator_bits} "
            f"bits; column c, vector s at place c * {self.slices} + s",
        )

    @property
    def latency_cycles(self) -> int:
        """From the cycle that issues the last beat of a sum to the cycle that offers the result."""
        return self.tree_stages + PIPELINE_CYCLES

    def weight_image(self, weights: NDArray[np.int8]) -> NDArray[np.uint8]:
        """Column c of row tile i has row i * columns + c."""
        return encoding.weight_image(weights, self.columns, self.lanes, self.weight_packing)

    def tiling(self, phase: Phase) -> DotTiling:
        """How a phase is cut, or `BitsimError` when this array cannot run it."""
        if phase.k > self.max_k:
            raise BitsimError(
                f"phase {phase.name}: k = {phase.k} is above the array's max_k = {self.max_k}; "
                f"raise max_k (and accumulator_bits, activation_buffer_beats) in the accelerator"
            )
        tiling = DotTiling(
            row_tiles=ceil_div(phase.n, self.columns),
            k_beats=ceil_div(phase.k, self.lanes),
            groups=ceil_div(phase.m, self.slices),
            hold=self.hold,
        )
        for field, count in (("n", tiling.row_tiles), ("m", tiling.groups)):
            if count > MAX_TILES:
                raise BitsimError(
                    f"phase {phase.name}: {field} makes {count} tiles; the array counts to "
                    f"{MAX_TILES}: cut the phase or widen the array"
                )
        return tiling


@dataclass(frozen=True)
class DotTiling(Tiling):
    """Loop bounds of one phase. Beats are counted as docs/machine.md orders them."""

    row_tiles: int
    k_beats: int
    groups: int
    hold: int

    @property
    def blocks(self) -> int:
        """Times that the whole matrix is streamed: once for each `hold` groups."""
        return ceil_div(self.groups, self.hold)

    @property
    def busy_cycles(self) -> int:
        """Cycles of an unstalled phase, fill and drain left out."""
        return self.row_tiles * self.k_beats * self.groups

    @property
    def weight_beats(self) -> int:
        """Beats that each column's stream delivers."""
        return self.row_tiles * self.k_beats * self.blocks

    @property
    def activation_beats(self) -> int:
        """Beats of the activation stream: each activation once."""
        return self.k_beats * self.groups

    @property
    def result_beats(self) -> int:
        """Beats of the result stream."""
        return self.row_tiles * self.groups

    def activation_order(self) -> NDArray[np.int64]:
        """Block after block, in it K beat after K beat, in that its groups."""
        return np.concatenate(
            [_pairs(range(self.k_beats), groups) for groups in self._block_groups()]
        )

    def result_order(self) -> NDArray[np.int64]:
        """Block after block, in it row tile after row tile, in that its groups."""
        return np.concatenate(
            [_pairs(range(self.row_tiles), groups) for groups in self._block_groups()]
        )

    def _block_groups(self) -> list[range]:
        return [
            range(first, min(first + self.hold, self.groups))
            for first in range(0, self.groups, self.hold)
        ]


def _pairs(outer: range, inner: range) -> NDArray[np.int64]:
    """(len(outer) * len(inner), 2): every pair, the inner one fastest."""
    return np.stack(np.meshgrid(outer, inner, indexing="ij"), axis=-1).reshape(-1, 2)
