"""What a register is: fields in 32 bits at an offset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

# ro: read only. rw: read and write. wo: written, reads as 0. w1c: writing 1 clears the bit.
Access = Literal["ro", "rw", "wo", "w1c"]
ACCESSES: tuple[Access, ...] = get_args(Access)

REGISTER_BITS = 32
REGISTER_BYTES = 4
WINDOW_BYTES = 4096  # of the address space that the registers take


@dataclass(frozen=True)
class Field:
    """Some bits of a register.

    constant  what a read-only field always is; None: the hardware says
    steps     the hardware adds 1 to it at times
    """

    name: str
    low: int
    bits: int
    access: Access
    what: str
    constant: int | None = None
    steps: bool = False

    @property
    def mask(self) -> int:
        """Its bits within the register."""
        return ((1 << self.bits) - 1) << self.low


@dataclass(frozen=True)
class Register:
    """32 bits at an offset in bytes.

    latched_by  reading that register keeps this one's value of the same cycle, to be read next;
                all latched registers share one such place, so read this one at once
    """

    name: str
    offset: int
    fields: tuple[Field, ...]
    what: str
    latched_by: str | None = None

    def field(self, name: str) -> Field:
        """The field of this name."""
        return next(field for field in self.fields if field.name == name)

    def value_of(self, word: int) -> dict[str, int]:
        """Fields of a word that was read."""
        return {field.name: (word & field.mask) >> field.low for field in self.fields}


@dataclass(frozen=True)
class RegisterMap:
    """All registers of one accelerator, lowest offset first."""

    accelerator: str
    registers: tuple[Register, ...]

    def __iter__(self) -> Iterator[Register]:
        return iter(self.registers)

    def __getitem__(self, name: str) -> Register:
        return next(register for register in self.registers if register.name == name)

    @property
    def counters(self) -> tuple[str, ...]:
        """Names of the counters, `array_cycles` for ARRAY_CYCLES_LOW and ARRAY_CYCLES_HIGH."""
        return tuple(
            register.name.removesuffix("_HIGH").lower()
            for register in self.registers
            if register.latched_by is not None
        )

    def constants(self) -> dict[tuple[str, str], int]:
        """(register, field) of everything that this machine always answers."""
        return {
            (register.name, field.name): field.constant
            for register in self.registers
            for field in register.fields
            if field.constant is not None
        }
