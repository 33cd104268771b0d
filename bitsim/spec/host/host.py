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
        """What its ports are, a line or more each, for who reads the Verilog."""

    @property
    def onchip_bytes(self) -> int:
        """Bytes of memory on the chip that it brings; 0: the masters reach the system's."""
        return 0

    def faults(self, clock_mhz: float, word_bytes: int) -> list[str]:
        """What keeps it from working with this clock and words of these bytes."""
        return []
