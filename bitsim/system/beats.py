"""The streams of one phase in bytes, as they lie in DRAM."""

from __future__ import annotations

from dataclasses import dataclass

from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.phase import Phase
from bitsim.units import ceil_div

RESULT_BYTES = 4  # int32: the unit that scales it reads whole words


@dataclass(frozen=True)
class StreamBeats:
    """Beats of a stream in one phase, what each holds in DRAM, and how DMA cuts them."""

    beats: int
    beat_bytes: int
    tile_beats: int

    @property
    def total_bytes(self) -> int:
        """Padding included: DRAM holds whole beats."""
        return self.beats * self.beat_bytes

    @staticmethod
    def cut(beats: int, beat_bytes: int, tile_bytes: int) -> StreamBeats:
        """In tiles of as many whole beats as fit, one at least."""
        return StreamBeats(beats, beat_bytes, max(1, tile_bytes // beat_bytes))


def weights(accelerator: AcceleratorSpec, phase: Phase) -> StreamBeats:
    """One beat of all columns is one piece of DRAM; the matrix comes once for each block."""
    array = accelerator.array
    return StreamBeats.cut(
        array.tiling(phase).weight_beats,
        array.columns * array.beat_bytes,
        accelerator.dma.weight_tile_bytes,
    )


def activations(accelerator: AcceleratorSpec, phase: Phase) -> StreamBeats:
    """int8, written in the order of the beats by the unit that quantises."""
    array = accelerator.array
    return StreamBeats.cut(
        array.tiling(phase).activation_beats,
        array.lanes * array.slices,
        accelerator.dma.activation_tile_bytes,
    )


def results(accelerator: AcceleratorSpec, phase: Phase) -> StreamBeats:
    """int32."""
    array = accelerator.array
    return StreamBeats.cut(
        array.tiling(phase).result_beats,
        array.columns * array.slices * RESULT_BYTES,
        accelerator.dma.result_tile_bytes,
    )


def matrix_beats(accelerator: AcceleratorSpec, phase: Phase) -> tuple[int, int]:
    """Weight beats of the matrix, and how many times it comes."""
    tiling = accelerator.array.tiling(phase)
    assert tiling.weight_beats % tiling.blocks == 0
    return ceil_div(tiling.weight_beats, tiling.blocks), tiling.blocks
