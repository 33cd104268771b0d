"""The streams of one phase in bytes, as they lie in DRAM."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.phase import Phase
from bitsim.units import ceil_div

RESULT_BYTES = 4  # int32: the unit that scales it reads whole words


@dataclass(frozen=True)
class StreamBeats:
    """Beats of a stream in one phase, what each holds in DRAM, and how DMA cuts them.

    joined  beats of the array that make one beat in DRAM, as digits are added up on the way
    """

    beats: int
    beat_bytes: int
    tile_beats: int
    joined: int = 1

    @property
    def total_bytes(self) -> int:
        """Padding included: DRAM holds whole beats."""
        return self.beats // self.joined * self.beat_bytes

    @staticmethod
    def cut(beats: int, beat_bytes: int, tile_bytes: int) -> StreamBeats:
        """In tiles of as many whole beats as fit, one at least."""
        return StreamBeats(beats, beat_bytes, max(1, tile_bytes // beat_bytes))


def weights(accelerator: AcceleratorSpec, phase: Phase) -> StreamBeats:
    """One beat of all weight streams is one piece of DRAM; the matrix comes once for each block."""
    array = accelerator.array
    return StreamBeats.cut(
        array.tiling(phase).weight_beats,
        array.weight_beat_bytes,
        accelerator.dma.weight_tile_bytes,
    )


def activations(accelerator: AcceleratorSpec, phase: Phase) -> StreamBeats:
    """int8, written in the order of the beats by the unit that quantises."""
    array = accelerator.array
    return StreamBeats.cut(
        array.tiling(phase).activation_beats,
        array.activation_beat_bytes,
        accelerator.dma.activation_tile_bytes,
    )


def results(accelerator: AcceleratorSpec, phase: Phase, digits: int = 1) -> StreamBeats:
    """int32; if the machine adds digits up, `digits` row tiles leave the array as one."""
    array = accelerator.array
    stream = StreamBeats.cut(
        array.tiling(phase).result_beats,
        array.beat_sums * RESULT_BYTES,
        accelerator.dma.result_tile_bytes,
    )
    if digits == 1 or not accelerator.adds_digits(digits):
        return stream
    return replace(stream, tile_beats=digits * stream.tile_beats, joined=digits)


def matrix_beats(accelerator: AcceleratorSpec, phase: Phase) -> tuple[int, int]:
    """Weight beats of the matrix, and how many times it comes."""
    tiling = accelerator.array.tiling(phase)
    assert tiling.weight_beats % tiling.blocks == 0
    return ceil_div(tiling.weight_beats, tiling.blocks), tiling.blocks
