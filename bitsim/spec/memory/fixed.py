"""Memories outside the chip."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bitsim.spec.base import Spec


class FixedMemorySpec(Spec):
    """A memory of one latency and one sustained bandwidth, shared by all streams."""

    kind: Literal["fixed"] = Field(description="which memory this is")
    dram: str = Field(description="entry of the technology's DRAM table that prices its bits")
    peak_gb_per_s: float = Field(
        ge=0.001, le=1_000_000, description="most that the pins carry, 1 GB = 1e9 bytes"
    )
    efficiency: float = Field(ge=0.001, le=1, description="sustained over peak bandwidth")
    latency_ns: float = Field(ge=0, le=1_000_000, description="from a request to its first byte")

    @property
    def sustained_gb_per_s(self) -> float:
        """What a stream of tiles gets."""
        return self.peak_gb_per_s * self.efficiency
