"""What every array has at its ports: the shape of a phase, and counters."""

from __future__ import annotations

from dataclasses import fields

from amaranth.hdl import unsigned
from amaranth.lib import data

from bitsim.spec.counts import ArrayCounts

TILE_BITS = 16
PHASE = data.StructLayout(
    {
        "row_tiles": unsigned(TILE_BITS),
        "k_beats": unsigned(TILE_BITS),
        "groups": unsigned(TILE_BITS),
    }
)

COUNTER_BITS = 48
COUNTERS = tuple(field.name for field in fields(ArrayCounts))  # their ports have these names
