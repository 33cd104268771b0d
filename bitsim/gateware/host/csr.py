"""What the registers do to the accelerator, and what they show (docs/registers.md)."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.streams import COUNTER_BITS
from bitsim.gateware.bus.list_reader import ENTRY, ENTRY_WORDS
from bitsim.gateware.host.register_bank import RegisterAccess, RegisterBank, written_name
from bitsim.spec.link.axi4 import Axi4BusSpec
from bitsim.spec.registers.map import ENTRY_REGISTERS
from bitsim.spec.registers.register import RegisterMap


class Csr(wiring.Component):
    """Between who reads and writes registers and the accelerator's own ports.

    access     a register is read or written
    interrupt  something that is enabled has happened and was not cleared
    The others are the ports of `bitsim.gateware.top.Top`, seen from the other side.
    """

    def __init__(self, registers: RegisterMap, bus: Axi4BusSpec) -> None:
        self.registers = registers
        self.bus = bus
        super().__init__(
            {
                "access": In(RegisterAccess()),
                "interrupt": Out(1),
                "list_enable": Out(ENTRY_WORDS),
                "list_index": Out(range(bus.list_entries)),
                "list_data": Out(ENTRY.size),
                "start": Out(1),
                "count": Out(range(bus.list_entries + 1)),
                "busy": In(1),
                "done": In(1),
                "errors": In(bus.weight_ports + 2),
                **{name: In(COUNTER_BITS) for name in registers.counters},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.bank = bank = RegisterBank(self.registers)
        wiring.connect(m, wiring.flipped(self.access), bank.access)
        refused = Signal()
        m.d.comb += [
            bank.status_busy.eq(self.busy),
            bank.status_done.eq(self.done),
            bank.status_errors.eq(self.errors),
            bank.interrupt_status_refused_set.eq(refused),
        ]
        self._start(m, bank, refused)
        self._list(m, bank, refused)
        self._interrupt(m, bank)
        for name in self.registers.counters:
            counter = getattr(self, name)
            low, high = getattr(bank, f"{name}_low"), getattr(bank, f"{name}_high")
            m.d.comb += Cat(low, high).eq(counter)
        return m

    def _start(self, m: Module, bank: RegisterBank, refused: Signal) -> None:
        wanted = Signal()
        m.d.comb += [
            wanted.eq(bank.control_written & self.access.data[0]),
            self.count.eq(bank.count),
        ]
        with m.If(wanted):
            with m.If(self.busy | (bank.count == 0) | (bank.count > self.bus.list_entries)):
                m.d.comb += refused.eq(1)
            with m.Else():
                m.d.comb += self.start.eq(1)

    def _list(self, m: Module, bank: RegisterBank, refused: Signal) -> None:
        written = Signal(ENTRY_WORDS)
        m.d.comb += [
            written.eq(
                Cat(getattr(bank, written_name(self.registers[name])) for name in ENTRY_REGISTERS)
            ),
            self.list_index.eq(bank.list_index),
            self.list_data.eq(self.access.data.replicate(ENTRY_WORDS)),
        ]
        with m.If(bank.list_index < self.bus.list_entries):
            m.d.comb += [self.list_enable.eq(written), bank.list_index_step.eq(written[-1])]
        with m.Elif(written.any()):
            m.d.comb += refused.eq(1)

    def _interrupt(self, m: Module, bank: RegisterBank) -> None:
        done_before = Signal()
        errors_before = Signal.like(self.errors)
        m.d.sync += [done_before.eq(self.done), errors_before.eq(self.errors)]
        m.d.comb += [
            bank.interrupt_status_done_set.eq(self.done & ~done_before),
            bank.interrupt_status_error_set.eq((self.errors & ~errors_before).any()),
            self.interrupt.eq(
                (bank.interrupt_status_done & bank.interrupt_enable_done)
                | (bank.interrupt_status_error & bank.interrupt_enable_error)
                | (bank.interrupt_status_refused & bank.interrupt_enable_refused)
            ),
        ]
