"""What every host is seen as from outside: who starts lists and reads counters."""

from __future__ import annotations

from abc import ABC, abstractmethod

from pydantic import Field

from bitsim.spec.base import Spec


class HostSpec(Spec, ABC):
    """How a host reaches the registers of an accelerator, whatever its kind."""

    kind: str = Field(description="how the host reaches the registers")

    @abstractmethod
    def port_lines(self, clock_mhz: float) -> tuple[str, ...]:
        """A line or more for each of its ports, for whoever reads the Verilog."""

    @property
    def onchip_bytes(self) -> int:
        """Bytes of on-chip memory that the host brings; 0: masters reach the system's memory."""
        return 0

    def faults(self, clock_mhz: float, word_bytes: int) -> list[str]:
        """Why the host cannot work with this clock and words of these bytes; empty if it can."""
        return []
