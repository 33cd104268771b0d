"""A processor beside the accelerator: registers at an AXI4-Lite port."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bitsim.spec.host.host import HostSpec


class AxiLiteHostSpec(HostSpec):
    """Registers behind an AXI4-Lite port, memory behind the masters: a processor is beside it."""

    kind: Literal["axi4lite"] = Field(description="how the host reaches the registers")

    def port_lines(self, clock_mhz: float) -> tuple[str, ...]:
        """Of the registers; the masters are ports of the link."""
        return (
            "  s_axi        AXI4-Lite: registers (docs/registers.md)",
            "  irq          as they say",
        )
