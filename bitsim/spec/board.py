"""An FPGA board: its device, and the pins that an accelerator with a serial host needs.

Every word here goes into constraint files of other programs, so each is of a form that has no
meaning in them: pins and names are letters and digits.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bitsim.errors import BitsimError
from bitsim.spec.accelerator import NAME, NAME_RULE, AcceleratorSpec
from bitsim.spec.base import ShownName, Spec
from bitsim.spec.host.serial import SerialHostSpec

Pin = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,8}$")]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9/_-]{0,31}$")]
Name = Annotated[str, Field(pattern=NAME, max_length=64)]

_PIN = "a pin of the FPGA, as its constraint file calls it"
_IO = "electrical standard of the pins, as the constraint file calls it"

CLOCK_ERROR = 1e-6  # of clock_mhz; both are written by people, so this is equality


class BoardClockSpec(Spec):
    """The oscillator that is the accelerator's clock."""

    pin: Pin = Field(description=_PIN)
    io_standard: Word = Field(description=_IO)
    mhz: float = Field(ge=1, le=1000, description="of the oscillator; the accelerator's clock_mhz")


class BoardUartSpec(Spec):
    """The serial line, seen from the FPGA: it receives at `rx`."""

    rx: Pin = Field(description=f"where the FPGA receives: {_PIN}")
    tx: Pin = Field(description=f"where the FPGA sends: {_PIN}")
    io_standard: Word = Field(description=_IO)


class BoardLedsSpec(Spec):
    """What can be seen: a list runs; an interrupt waits for the host."""

    busy: Pin = Field(description=f"lit while a list runs: {_PIN}")
    irq: Pin = Field(description=f"lit while an interrupt waits for the host: {_PIN}")
    io_standard: Word = Field(description=_IO)
    active_low: bool = Field(description="true: 0 lights it")


class BoardButtonSpec(Spec):
    """Resets the accelerator and its serial line while it is pressed."""

    pin: Pin = Field(description=_PIN)
    io_standard: Word = Field(description=_IO)
    active_low: bool = Field(description="true: 0 while it is pressed")
    pull: Literal["none", "up", "down"] = Field(
        description="resistor of the FPGA that holds the pin while the button is not pressed"
    )


class BoardSpec(Spec):
    """A board. `family` and `device` are a target of `rtl synth` and a part of it."""

    name: Name = Field(description=f"of the board; {NAME_RULE}")
    note: str = Field("", description="for people: what was tried on it, and what was not")
    source: Annotated[str, Field(min_length=8)] = Field(description="where the pins are from")
    family: Literal["ecp5", "ice40", "gowin"] = Field(description="a target of `rtl synth`")
    device: Word = Field(description="the FPGA, as nextpnr calls it")
    package: Word = Field(description="its package, as nextpnr calls it")
    speed: Word = Field(description="its speed grade")
    accelerator: Name = Field(description="the machine that is built where none is named")
    program: ShownName = Field(
        description="for people: the command that loads a bitstream, with {bitstream} in it"
    )
    clock: BoardClockSpec
    uart: BoardUartSpec
    leds: BoardLedsSpec
    reset: BoardButtonSpec | None = Field(
        None, description="a button; without one, reset is when power comes"
    )

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
