"""A serial line for boards without a processor: a UART, memory on the chip (docs/serial.md)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bitsim.spec.host.host import HostSpec

LEAST_DIVISOR = 8  # clock cycles of a bit: below, the samples of a bit are no longer apart
MOST_DIVISOR = 1 << 20
MOST_BAUD_ERROR = 0.01  # two ends of 8N1 may be some 4 % apart together; this is one end's share


class SerialHostSpec(HostSpec):
    """Registers and an on-chip memory behind a UART (8N1)."""

    kind: Literal["serial"] = Field(description="how the host reaches the registers")
    baud: int = Field(
        ge=1200, le=12_000_000, description="bits a second on the line; what serial lines of PCs do"
    )
    memory_bytes: int = Field(
        ge=64,
        le=1 << 24,
        description="memory on the chip, for all images of a list; no FPGA has more",
    )

    def port_lines(self, clock_mhz: float) -> tuple[str, ...]:
        """Of the line, and what lies at its end."""
        return (
            f"  rx, tx       serial line of {self.baud} baud (docs/serial.md) at clk of "
            f"{clock_mhz} MHz:",
            f"               registers (docs/registers.md), {self.memory_bytes} bytes of memory",
            "  busy         a list runs",
            "  irq          as the registers say",
        )

    @property
    def onchip_bytes(self) -> int:
        """What the line writes and reads in place of a system's memory."""
        return self.memory_bytes

    def divisor(self, clock_mhz: float) -> int:
        """Clock cycles of a bit."""
        return round(clock_mhz * 1e6 / self.baud)

    def faults(self, clock_mhz: float, word_bytes: int) -> list[str]:
        """What keeps it from working with this clock and words of these bytes."""
        faults = []
        divisor = self.divisor(clock_mhz)
        if not LEAST_DIVISOR <= divisor <= MOST_DIVISOR:
            faults.append(
                f"host.baud = {self.baud}: a bit has {divisor} cycles of clock_mhz = {clock_mhz}, "
                f"and needs {LEAST_DIVISOR} to {MOST_DIVISOR}; choose another baud"
            )
        else:
            actual = clock_mhz * 1e6 / divisor
            error = actual / self.baud - 1
            if abs(error) > MOST_BAUD_ERROR:
                faults.append(
                    f"host.baud = {self.baud}: clock_mhz = {clock_mhz} divided by {divisor} is "
                    f"{actual:.0f} baud, {error:+.1%}, and at most {MOST_BAUD_ERROR:.0%} is sure "
                    f"to be understood; choose another baud or clock"
                )
        if self.memory_bytes % word_bytes:
            faults.append(
                f"host.memory_bytes = {self.memory_bytes} is not a multiple of a word of "
                f"bus.data_bits ({word_bytes} bytes); round it"
            )
        return faults
