"""The queue of finished sums."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from bitsim.gateware.pointer import following, place_pointer


class ResultQueue(wiring.Component):
    """Holds `size` beats; a beat pushed into an empty queue is offered in the next cycle.

    push    never refused: whoever pushes has taken a place before (by the sequencer)
    sums_c  of column c
    beats   what leaves, in order
    """

    def __init__(self, columns: int, column_bits: int, size: int) -> None:
        self.columns = columns
        self.bits = columns * column_bits
        self.size = size
        sums = {f"sums_{column}": In(column_bits) for column in range(columns)}
        super().__init__({"push": In(1), **sums, "beats": Out(stream.Signature(self.bits))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Memory(shape=self.bits, depth=self.size, init=[])
        write = memory.write_port()
        read = memory.read_port(domain="comb")

        held = Signal(range(self.size + 1))
        write_place = place_pointer(self.size, "write_place")
        read_place = place_pointer(self.size, "read_place")
        pop = Signal()
        m.d.comb += [
            self.beats.valid.eq(held != 0),
            self.beats.payload.eq(read.data),
            pop.eq(self.beats.valid & self.beats.ready),
            write.en.eq(self.push),
            write.addr.eq(write_place),
            write.data.eq(Cat(getattr(self, f"sums_{c}") for c in range(self.columns))),
            read.addr.eq(read_place),
        ]
        with m.If(self.push):
            m.d.sync += write_place.eq(following(write_place, self.size))
        with m.If(pop):
            m.d.sync += read_place.eq(following(read_place, self.size))
        m.d.sync += held.eq(held + self.push - pop)
        return m
