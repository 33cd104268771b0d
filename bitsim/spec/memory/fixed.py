"""Memories outside the chip."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bitsim.spec.base import Spec


class FixedMemorySpec(Spec):
    """A memory of one latency and one sustained bandwidth, shared by all streams."""

    kind: Literal["fixed"]
    dram: str  # which entry of the technology's DRAM table prices its bits
    peak_gb_per_s: float = Field(ge=0.001, le=1_000_000)  # 1 GB = 1e9 bytes
    efficiency: Annotated[float, Field(ge=0.001, le=1)]  # sustained / peak
    latency_ns: float = Field(ge=0, le=1_000_000)  # from request to first byte

    @property
    def sustained_gb_per_s(self) -> float:
        """What a stream of tiles gets."""
        return self.peak_gb_per_s * self.efficiency
