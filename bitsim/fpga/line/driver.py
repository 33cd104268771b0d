"""What a host does with an accelerator's registers, whatever lies between (docs/registers.md)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from bitsim.errors import BitsimError
from bitsim.spec.link.axi4 import ListEntry
from bitsim.spec.registers.map import ENTRY_REGISTERS, entry_words
from bitsim.spec.registers.register import REGISTER_BITS, REGISTER_BYTES, Register, RegisterMap


class RegisterPort(Protocol):
    """A way to the registers: a serial line, a mapped window, a bus model."""

    def read_registers(self, offset: int, count: int) -> list[int]:
        """Words from an offset on, read in order."""

    def write_registers(self, offset: int, words: Sequence[int]) -> None:
        """Write words from an offset on, in order."""


class Driver:
    """Runs lists and reads what they took."""

    def __init__(self, port: RegisterPort, registers: RegisterMap, name: str) -> None:
        """`name`: what the user knows the board by."""
        self.registers = registers
        self.name = name
        self._port = port

    def identify(self) -> None:
        """`BitsimError` unless the board holds the machine that these registers describe."""
        for register in self.registers:
            if all(field.constant is None for field in register.fields):
                continue
            found = self.read(register.name)
            for field in register.fields:
                if field.constant is not None and found[field.name] != field.constant:
                    raise BitsimError(
                        f"{self.name}: {register.name}.{field.name} = {found[field.name]:#x}, and "
                        f"{self.registers.accelerator} has {field.constant:#x}; load the board "
                        f"with that accelerator"
                    )

    def read(self, name: str) -> dict[str, int]:
        """Fields of a register."""
        register = self.registers[name]
        (word,) = self._port.read_registers(register.offset, 1)
        return register.value_of(word)

    def write(self, name: str, **values: int) -> None:
        """Write a register; fields that are not named become 0."""
        register = self.registers[name]
        word = sum(_placed(register, field, value) for field, value in values.items())
        self._port.write_registers(register.offset, [word])

    def write_list(self, entries: Sequence[ListEntry]) -> None:
        """Fill the list from its first place on."""
        self.write("LIST_INDEX", value=0)
        first = self.registers[ENTRY_REGISTERS[0]].offset
        for entry in entries:
            self._port.write_registers(first, entry_words(entry))
        stored = self.read("LIST_INDEX")["value"]
        if stored != len(entries):
            raise BitsimError(
                f"{self.name}: {stored} of {len(entries)} list entries were stored; a list has at "
                f"most {self.registers['LIST_SIZE'].field('entries').constant}"
            )

    def start(self, count: int) -> None:
        """Run the first entries of the list; `BitsimError` if it does not begin."""
        self.write("INTERRUPT_STATUS", done=1, error=1, refused=1)
        self.write("COUNT", value=count)
        self.write("CONTROL", start=1)
        if self.read("INTERRUPT_STATUS")["refused"]:
            raise BitsimError(
                f"{self.name}: the start of {count} list entries was refused; a list may be "
                f"running, or that is not a count of entries"
            )

    def wait(self, most_s: float, pause_s: float = 0.0) -> None:
        """Wait for the end of the list; `BitsimError` if it is late or a bus answered an error."""
        deadline = time.monotonic() + most_s
        while not (status := self.read("STATUS"))["done"]:
            if time.monotonic() > deadline:
                raise BitsimError(
                    f"{self.name}: the list has not ended in {most_s} s; check its entries, and "
                    f"reset the board"
                )
            time.sleep(pause_s)
        if status["errors"]:
            raise BitsimError(
                f"{self.name}: a bus answered with an error (STATUS.errors = "
                f"{status['errors']:#b}: weight ports, activations, results); check the addresses"
            )

    def settle(self, most_s: float) -> None:
        """Wait until no list runs, such as a killed host's; `BitsimError` if one goes on."""
        deadline = time.monotonic() + most_s
        while self.read("STATUS")["busy"]:
            if time.monotonic() > deadline:
                raise BitsimError(
                    f"{self.name}: a list that an earlier host began has not ended in {most_s} s; "
                    f"reset the board"
                )

    def counters(self) -> dict[str, int]:
        """All counters by name (`RegisterMap.counters`)."""
        wanted = [register for register in self.registers if self._is_counter(register)]
        words: list[int] = []
        run: list[Register] = []
        for register in wanted:
            if run and register.offset != run[-1].offset + REGISTER_BYTES:
                words += self._port.read_registers(run[0].offset, len(run))
                run = []
            run.append(register)
        words += self._port.read_registers(run[0].offset, len(run))
        values = (
            low | high << REGISTER_BITS for low, high in zip(words[::2], words[1::2], strict=True)
        )
        return dict(zip(self.registers.counters, values, strict=True))

    def _is_counter(self, register: Register) -> bool:
        stem = register.name.lower()
        return stem.removesuffix("_low").removesuffix("_high") in self.registers.counters


def _placed(register: Register, name: str, value: int) -> int:
    field = register.field(name)
    assert 0 <= value < 1 << field.bits, (register.name, name, value)
    return value << field.low
