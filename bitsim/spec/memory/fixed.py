"""A memory of one latency and one sustained bandwidth."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bitsim.spec.memory.memory import MemorySpec


class FixedMemorySpec(MemorySpec):
    """A memory of one latency and one sustained bandwidth, shared by all streams."""

    kind: Literal["fixed"] = Field(description="which memory this is")
    peak_gb_per_s: float = Field(
        ge=0.001, le=1_000_000, description="most that the pins carry, 1 GB = 1e9 bytes"
    )
    efficiency: float = Field(ge=0.001, le=1, description="sustained over peak bandwidth")
    latency_ns: float = Field(ge=0, le=1_000_000, description="from a request to its first byte")

    @property
    def most_gb_per_s(self) -> float:
        """The peak."""
        return self.peak_gb_per_s

    @property
    def expected_gb_per_s(self) -> float:
        """What a stream of tiles gets."""
        return self.peak_gb_per_s * self.efficiency

    @property
    def figures(self) -> tuple[tuple[float, str], ...]:
        """Beyond the two bandwidths."""
        return ((self.latency_ns, "ns latency"),)
