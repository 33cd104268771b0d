"""How an accelerator is connected: AXI4 masters for weights, activations and results, and what
the memory at these ports holds.

Source of the rules: Arm IHI 0022, AMBA AXI Protocol Specification, A3 (bursts of at most 256
transfers, none across a 4 KiB boundary).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from bitsim.errors import BitsimError
from bitsim.spec.array.array import ArraySpec, Tiling
from bitsim.spec.base import Spec
from bitsim.spec.phase import Phase
from bitsim.units import BITS_PER_BYTE, ceil_div

BOUNDARY_BYTES = 4096  # that no burst crosses
SUM_BYTES = 4  # a result in memory: int32, whatever the accumulators have
SUM_BITS = SUM_BYTES * BITS_PER_BYTE
CODE_ACCUMULATOR_BITS = 25  # most of those whose sums are exact in f32, as the quantiser has them
MAX_WORDS = (1 << 32) - 1  # counts of words are 32 bits in the hardware
MAX_STRIDE = (1 << 32) - 1
_TWO_WORDS = "one word is written while another is on its way out"


class ResultsSpec(Spec):
    """What can be done with sums on their way to memory (docs/top.md, result stage)."""

    digits: int = Field(
        ge=1,
        le=6,
        description="most ternary rows added up to one row of a wider matrix; int8 has 6 of them",
    )
    code_beats: int = Field(
        ge=0,
        le=1 << 16,
        description="most result beats of a block that is written as int8 codes, 0: no codes",
    )


class Axi4BusSpec(Spec):
    """Read masters for weights, one for activations, a write master for results.

    A word is what one transfer of a data bus carries: `data_bits`.
    """

    kind: Literal["axi4"] = Field(description="which bus this is")
    data_bits: Literal[32, 64, 128, 256, 512] = Field(
        description="width of every data bus: one word"
    )
    address_bits: int = Field(
        ge=32, le=64, description="width of an address; a list entry has 64 bits for one"
    )
    weight_ports: int = Field(
        ge=1,
        le=8,
        description="read masters for weights, each of as many columns as the others; the register "
        "map has counters of 1 to 8 ports",
    )
    burst_words: int = Field(
        ge=1, le=256, description="words of the longest burst; AXI4 has no longer burst"
    )
    outstanding: int = Field(
        ge=1,
        le=16,
        description="bursts of a port in flight; at least one, or nothing is ever read",
    )
    read_fifo_words: int = Field(
        ge=2, le=4096, description=f"places in the FIFO of a read port; {_TWO_WORDS}"
    )
    write_fifo_words: int = Field(
        ge=2, le=4096, description=f"places in the FIFO of the write port; {_TWO_WORDS}"
    )
    list_entries: int = Field(
        ge=2, le=4096, description="phases that one start runs; their number has 1 to 12 bits"
    )
    results: ResultsSpec | None = Field(
        None,
        description="what is done with sums on their way to memory; without it they go as they are",
    )

    @model_validator(mode="after")
    def _bursts_fit(self) -> Self:
        faults = []
        burst_bytes = self.burst_words * self.word_bytes
        if burst_bytes > BOUNDARY_BYTES:
            faults.append(
                f"burst_words = {self.burst_words} of {self.word_bytes} bytes are {burst_bytes}; "
                f"AXI4 lets no burst cross {BOUNDARY_BYTES} bytes: lower it"
            )
        faults += [
            f"{name} = {getattr(self, name)} cannot hold a burst of burst_words = "
            f"{self.burst_words}; enlarge it"
            for name in ("read_fifo_words", "write_fifo_words")
            if getattr(self, name) < self.burst_words
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def word_bytes(self) -> int:
        """Bytes of a transfer."""
        return self.data_bits // BITS_PER_BYTE


@dataclass(frozen=True)
class ListEntry:
    """One phase of the list that a start runs. Addresses are multiples of `word_bytes`.

    weights_stride  port p reads at weights_address + p * weights_stride
    weights_words   of one port, in one pass over the matrix
    passes          over the matrix, one for each block of held groups
    digits          row tiles that are added up to one, each counted three times the next; 1: none
    codes           1: int8 codes and their largest magnitude are written in place of sums
    """

    row_tiles: int
    k_beats: int
    groups: int
    passes: int
    weights_address: int
    weights_stride: int
    weights_words: int
    activations_address: int
    activations_words: int
    results_address: int
    results_words: int
    digits: int = 1
    codes: int = 0


@dataclass(frozen=True)
class BusLayout:
    """Beats of an array as words of a bus.

    A beat takes whole words; the bytes of its last word that it does not fill are 0 when written
    and ignored when read.
    """

    array: ArraySpec
    bus: Axi4BusSpec

    @property
    def port_feeds(self) -> int:
        """Weight streams that one port feeds; port p feeds streams p * port_feeds and following."""
        return self.array.feeds // self.bus.weight_ports

    @property
    def step_words(self) -> int:
        """Words of one weight beat of all streams of a port."""
        return ceil_div(self.port_feeds * self.array.feed_bytes, self.bus.word_bytes)

    @property
    def activation_words(self) -> int:
        """Words of one activation beat."""
        return ceil_div(self.array.activation_beat_bytes, self.bus.word_bytes)

    @property
    def result_words(self) -> int:
        """Words of one result beat, each sum an int32."""
        return ceil_div(self.array.beat_sums * SUM_BYTES, self.bus.word_bytes)

    def entry(
        self,
        phase: Phase,
        weights_address: int,
        weights_stride: int,
        activations_address: int,
        results_address: int,
        digits: int = 1,
        codes: bool = False,
    ) -> ListEntry:
        """The list entry of a phase, or `BitsimError` if this accelerator cannot run it.

        digits  ternary digits of a row: the phase's row tiles d, d + 1, ... d + digits - 1 are one
                row tile of the matrix, highest digit first
        codes   write int8 codes
        """
        tiling = self.array.tiling(phase)
        self._check_results(phase, tiling, digits, codes)
        sums_words = tiling.result_beats // digits * self.result_words
        entry = ListEntry(
            row_tiles=tiling.row_tiles,
            k_beats=tiling.k_beats,
            groups=tiling.groups,
            passes=tiling.blocks,
            weights_address=weights_address,
            weights_stride=weights_stride,
            weights_words=tiling.row_tiles * tiling.k_beats * self.step_words,
            activations_address=activations_address,
            activations_words=tiling.activation_beats * self.activation_words,
            results_address=results_address,
            results_words=self.codes_words(tiling) if codes else sums_words,
            digits=digits,
            codes=int(codes),
        )
        for name in ("weights_words", "activations_words", "results_words"):
            if getattr(entry, name) > MAX_WORDS:
                raise BitsimError(
                    f"phase {phase.name}: {name} = {getattr(entry, name)}; a port counts to "
                    f"{MAX_WORDS}: cut the phase"
                )
        self._check_places(phase, entry)
        return entry

    def _check_places(self, phase: Phase, entry: ListEntry) -> None:
        """That each image begins at a word and lies where the masters can reach."""
        word_bytes, last_port = self.bus.word_bytes, self.bus.weight_ports - 1
        stride = entry.weights_stride
        if stride % word_bytes or not 0 <= stride <= MAX_STRIDE:
            raise BitsimError(
                f"phase {phase.name}: weights_stride = {stride}: it must be a multiple of a word's "
                f"{word_bytes} bytes from 0 to {MAX_STRIDE}"
            )
        for name in ("weights", "activations", "results"):
            address = getattr(entry, f"{name}_address")
            end = address + getattr(entry, f"{name}_words") * word_bytes
            end += last_port * stride if name == "weights" else 0
            if address % word_bytes or address < 0:
                raise BitsimError(
                    f"phase {phase.name}: {name}_address = {address}: it must be a multiple of a "
                    f"word's {word_bytes} bytes"
                )
            if end > 1 << self.bus.address_bits:
                raise BitsimError(
                    f"phase {phase.name}: {name}_address = {address}: it ends at {end}, beyond the "
                    f"{self.bus.address_bits} bits of an address; place it lower, or raise "
                    f"bus.address_bits"
                )

    def codes_words(self, tiling: Tiling) -> int:
        """Words of all vectors of a phase that is written as codes."""
        sums_words = tiling.row_tiles * self.result_words  # of a vector
        return tiling.groups * (1 + ceil_div(sums_words, SUM_BYTES))

    def _check_results(self, phase: Phase, tiling: Tiling, digits: int, codes: bool) -> None:
        results = self.bus.results
        if digits > 1 and (results is None or digits > results.digits):
            most = 1 if results is None else results.digits
            raise BitsimError(
                f"phase {phase.name}: digits = {digits}; bus.results.digits = {most}: raise it"
            )
        if tiling.row_tiles % digits:
            raise BitsimError(
                f"phase {phase.name}: {tiling.row_tiles} row tiles are no multiple of digits = "
                f"{digits}; pad n to a multiple of digits x array.{self.array.SET_BY['rows']} = "
                f"{digits * self.array.rows}"
            )
        if not codes:
            return
        if digits > 1:
            raise BitsimError(
                f"phase {phase.name}: codes of digits = {digits}; an entry has one of them: "
                f"write sums"
            )
        beats = tiling.row_tiles * min(self.array.hold_groups, tiling.groups)
        most = 0 if results is None else results.code_beats
        if beats > most:
            raise BitsimError(
                f"phase {phase.name}: codes of {beats} result beats of a block; "
                f"bus.results.code_beats = {most}: raise it, lower "
                f"array.{self.array.SET_BY['hold_groups']}, or cut the phase"
            )

    def weight_bytes(self, image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """What each port's part of the memory holds, from `ArraySpec.weight_image`.

        image    (row_tiles, k_beats, feeds, feed_bytes)  uint8
        returns  of each port (row_tiles * k_beats * step_words * word_bytes,) uint8
        """
        row_tiles, k_beats, feeds, feed_bytes = image.shape
        assert (feeds, feed_bytes) == (self.array.feeds, self.array.feed_bytes)
        ports = image.reshape(row_tiles * k_beats, self.bus.weight_ports, -1).transpose(1, 0, 2)
        return [_padded(port, self.step_words * self.bus.word_bytes) for port in ports]

    def activation_bytes(self, beats: NDArray[np.int8]) -> NDArray[np.uint8]:
        """What the memory holds of a phase's activations.

        beats    (activation beats, vectors * depth)  int8, in the order of the stream
        returns  (beats * activation_words * word_bytes,)  uint8
        """
        assert beats.shape[1] == self.array.activation_beat_bytes
        return _padded(beats.view(np.uint8), self.activation_words * self.bus.word_bytes)

    def result_codes(
        self, stored: NDArray[np.uint8], phase: Phase
    ) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
        """What an entry with `codes` wrote: codes (m, n) int8, largest magnitudes (m,) int32."""
        tiling = self.array.tiling(phase)
        beat_codes = self.result_words * self.bus.word_bytes // SUM_BYTES
        vectors = stored.reshape(tiling.groups, -1)
        largest = np.ascontiguousarray(vectors[:, :SUM_BYTES]).view("<i4")[:, 0]
        first = self.bus.word_bytes
        places = vectors[:, first : first + tiling.row_tiles * beat_codes]
        beats = places.reshape(tiling.groups, tiling.row_tiles, beat_codes)
        rows = beats[:, :, : self.array.rows].reshape(tiling.groups, -1)
        return np.ascontiguousarray(rows[:, : phase.n]).view(np.int8), largest

    def result_sums(self, stored: NDArray[np.uint8]) -> NDArray[np.int32]:
        """(result beats, rows * vectors) int32, from the bytes that the write master wrote."""
        beats = stored.reshape(-1, self.result_words * self.bus.word_bytes)
        sums = beats[:, : self.array.beat_sums * SUM_BYTES]
        return np.ascontiguousarray(sums).view("<i4")


def _padded(rows: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Rows widened to `width` bytes with 0, one after the other."""
    out = np.zeros((len(rows), width), np.uint8)
    out[:, : rows.shape[1]] = rows
    return out.reshape(-1)
