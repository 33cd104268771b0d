"""Registers made of their description."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bitsim.spec.registers.register import (
    REGISTER_BITS,
    REGISTER_BYTES,
    WINDOW_BYTES,
    Field,
    Register,
    RegisterMap,
)
from bitsim.units import BITS_PER_BYTE

INDEX_BITS = (WINDOW_BYTES // REGISTER_BYTES - 1).bit_length()


class RegisterAccess(wiring.Signature):
    """How one register at a time is read or written, as who asks for it sees it.

    read, write   in this cycle; never both
    index         of the register: offset / 4
    data, strobe  to be written, and which of its four bytes
    answer        what was read, from the cycle after `read` on until the next access
    error         the same: nothing was read or written
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "read": Out(1),
                "write": Out(1),
                "index": Out(INDEX_BITS),
                "data": Out(REGISTER_BITS),
                "strobe": Out(REGISTER_BYTES),
                "answer": In(REGISTER_BITS),
                "error": In(1),
            }
        )


class RegisterBank(wiring.Component):
    """Holds what is to be held, and has ports for the rest, by the name of the field (`port_name`).

    ro    NAME: what is read
    rw    NAME: what is held; NAME_step, where the hardware counts: adds 1
    w1c   NAME: what is held; NAME_set: becomes 1, also where it is cleared in the same cycle
    wo    REGISTER_written: `access.data` is for its fields in this cycle

    A field is written by the bytes that are strobed. Write-only fields are written as a whole: a
    strobe for a part is an error, as is an index without a register. Writing a read-only field
    changes nothing.
    """

    def __init__(self, registers: RegisterMap) -> None:
        self.registers = registers
        ports = {"access": In(RegisterAccess())}
        for register in registers:
            for field in register.fields:
                ports |= _ports(register, field)
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        access = self.access
        mask = Signal(REGISTER_BITS)  # bits that are written
        latch = Signal(REGISTER_BITS, reset_less=True)
        for register in self.registers:
            for field in register.fields:
                if field.steps:
                    name = port_name(register, field)
                    with m.If(getattr(self, f"{name}_step")):
                        m.d.sync += getattr(self, name).eq(getattr(self, name) + 1)
        m.d.comb += mask.eq(Cat(bit.replicate(BITS_PER_BYTE) for bit in access.strobe))
        m.d.sync += access.error.eq(access.error & ~(access.read | access.write))
        with m.Switch(access.index):
            for register in self.registers:
                with m.Case(register.offset // REGISTER_BYTES):
                    with m.If(access.read):
                        self._read(m, register, latch)
                    with m.Elif(access.write):
                        self._write(m, register, mask)
            with m.Default():
                with m.If(access.read | access.write):
                    m.d.sync += [access.error.eq(1), access.answer.eq(0)]
        for register in self.registers:
            for field in register.fields:
                if field.access == "w1c":
                    name = port_name(register, field)
                    with m.If(getattr(self, f"{name}_set")):
                        m.d.sync += getattr(self, name).eq(1)
        return m

    def _read(self, m: Module, register: Register, latch: Signal) -> None:
        value = latch if register.latched_by is not None else self._value(register)
        m.d.sync += self.access.answer.eq(value)
        for each in self.registers:
            if each.latched_by == register.name:
                m.d.sync += latch.eq(self._value(each))

    def _write(self, m: Module, register: Register, mask: Signal) -> None:
        data = self.access.data
        for field in register.fields:
            part, written = data[field.low :][: field.bits], mask[field.low :][: field.bits]
            if field.access == "rw":
                held = getattr(self, port_name(register, field))
                m.d.sync += held.eq((held & ~written) | (part & written))
            elif field.access == "w1c":
                held = getattr(self, port_name(register, field))
                m.d.sync += held.eq(held & ~(part & written))
        needed = _write_only_bytes(register)
        if needed:
            strobed = self.access.strobe & needed
            with m.If(strobed == needed):
                m.d.comb += getattr(self, written_name(register)).eq(1)
            with m.Elif(strobed != 0):
                m.d.sync += self.access.error.eq(1)

    def _value(self, register: Register) -> Value:
        """What reading it gives."""
        parts: list[Value] = []
        low = 0
        for field in register.fields:
            parts.append(Const(0, field.low - low))
            if field.constant is not None:
                parts.append(Const(field.constant, field.bits))
            elif field.access == "wo":
                parts.append(Const(0, field.bits))
            else:
                parts.append(getattr(self, port_name(register, field)))
            low = field.low + field.bits
        return Cat(parts)


def port_name(register: Register, field: Field) -> str:
    """Of a field's port; a field that is alone needs no name beside the register's."""
    name = register.name.lower()
    return name if field.name == "value" else f"{name}_{field.name}"


def written_name(register: Register) -> str:
    """Of the port that says that a register's write-only fields are written."""
    return f"{register.name.lower()}_written"


def _ports(register: Register, field: Field) -> dict[str, object]:
    name = port_name(register, field)
    if field.access == "ro":
        return {} if field.constant is not None else {name: In(field.bits)}
    if field.access == "wo":
        return {written_name(register): Out(1)}
    if field.access == "w1c":
        return {name: Out(field.bits), f"{name}_set": In(field.bits)}
    return {name: Out(field.bits)} | ({f"{name}_step": In(1)} if field.steps else {})


def _write_only_bytes(register: Register) -> int:
    """Strobes of the bytes in which it has write-only fields."""
    bits = sum(field.mask for field in register.fields if field.access == "wo")
    return sum(1 << byte for byte in range(REGISTER_BYTES) if bits >> (BITS_PER_BYTE * byte) & 0xFF)
