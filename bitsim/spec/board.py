"""An FPGA board: its device, and the pins that an accelerator with a serial host needs.

Every word here goes into constraint files of other programs, so each is of a form that has no
meaning in them: pins and names are letters and digits.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bitsim.errors import BitsimError
from bitsim.spec.accelerator import NAME, AcceleratorSpec
from bitsim.spec.base import ShownName, Spec
from bitsim.spec.host.kinds import SerialHostSpec

Pin = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,8}$")]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9/_-]{0,31}$")]
Name = Annotated[str, Field(pattern=NAME, max_length=64)]

CLOCK_ERROR = 1e-6  # of clock_mhz; both are written by people, so this is equality


class BoardClockSpec(Spec):
    """The oscillator that is the accelerator's clock."""

    pin: Pin
    io_standard: Word
    mhz: float = Field(ge=1, le=1000)


class BoardUartSpec(Spec):
    """The serial line, seen from the FPGA: it receives at `rx`."""

    rx: Pin
    tx: Pin
    io_standard: Word


class BoardLedsSpec(Spec):
    """What can be seen: a list runs; an interrupt waits for the host."""

    busy: Pin
    irq: Pin
    io_standard: Word
    active_low: bool


class BoardButtonSpec(Spec):
    """Resets the accelerator and its serial line while it is pressed."""

    pin: Pin
    io_standard: Word
    active_low: bool
    pull: Literal["none", "up", "down"]  # resistor of the FPGA that holds it when not pressed


class BoardSpec(Spec):
    """A board. `family` and `device` are a target of `rtl synth` and a part of it."""

    name: Name
    note: str = ""
    source: Annotated[str, Field(min_length=8)]  # where the pins are from, for people
    family: Literal["ecp5", "ice40", "gowin"]
    device: Word
    package: Word
    speed: Word
    accelerator: Name  # the machine that is built if none is named
    program: ShownName  # the command that loads a bitstream, {bitstream} in it; for people
    clock: BoardClockSpec
    uart: BoardUartSpec
    leds: BoardLedsSpec
    reset: BoardButtonSpec | None = None  # None: no button, reset is when power comes

    @model_validator(mode="after")
    def _no_pin_twice(self) -> Self:
        faults = []
        owners: dict[str, str] = {}
        for use, pin in self.pins.items():
            if pin in owners:
                faults.append(f"{use} = '{pin}' is the pin of {owners[pin]}; name another")
            owners.setdefault(pin, use)
        if "{bitstream}" not in self.program:
            faults.append(f"program = '{self.program}' has no {{bitstream}}; say where it goes")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def pins(self) -> dict[str, str]:
        """Pin of each use, by the field that names it."""
        pins = {
            "clock.pin": self.clock.pin,
            "uart.rx": self.uart.rx,
            "uart.tx": self.uart.tx,
            "leds.busy": self.leds.busy,
            "leds.irq": self.leds.irq,
        }
        return pins if self.reset is None else pins | {"reset.pin": self.reset.pin}

    def require(self, machine: AcceleratorSpec) -> None:
        """`BitsimError` if the accelerator cannot be on this board."""
        if not isinstance(machine.host, SerialHostSpec):
            host = "none" if machine.host is None else f'kind = "{machine.host.kind}"'
            raise BitsimError(
                f"{machine.name}: host is {host}, and {self.name} is reached by its serial line; "
                f'name an accelerator with [host] kind = "serial", such as {self.accelerator}'
            )
        if abs(machine.clock_mhz / self.clock.mhz - 1) > CLOCK_ERROR:
            raise BitsimError(
                f"{machine.name}: clock_mhz = {machine.clock_mhz}, and the oscillator of "
                f"{self.name} is its clock: write clock_mhz = {self.clock.mhz}, and a [host] baud "
                f"that divides it"
            )
