"""What every memory is seen as from outside."""

from __future__ import annotations

from abc import ABC, abstractmethod

from pydantic import Field

from bitsim.spec.base import Spec


class MemorySpec(Spec, ABC):
    """A memory outside the chip, whatever its kind."""

    kind: str = Field(description="which memory this is")
    dram: str = Field(description="entry of the technology's DRAM table that prices its bits")

    @property
    @abstractmethod
    def most_gb_per_s(self) -> float:
        """What its pins can carry; 1 GB = 1e9 bytes."""

    @property
    @abstractmethod
    def expected_gb_per_s(self) -> float:
        """What a long stream gets."""

    @property
    @abstractmethod
    def figures(self) -> tuple[tuple[float, str], ...]:
        """Further figures, each with its unit and meaning, for people."""
