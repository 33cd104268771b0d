"""The queue of one column's weight beats."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.dot.activation_ring import following


class WeightQueue(wiring.Component):
    """Holds `size` beats; the beat at its head may be read several times before it leaves.

    beats      accepted while fewer than `size` are held at the start of the cycle
    available  a beat is held
    read       puts the head into `head` from the next cycle on
    pop        lets the head go; together with `read`, the beat that goes is the one read
    head       the beat read last
    """

    def __init__(self, bits: int, size: int) -> None:
        self.bits = bits
        self.size = size
        super().__init__(
            {
                "beats": In(stream.Signature(bits)),
                "available": Out(1),
                "read": In(1),
                "pop": In(1),
                "head": Out(bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Memory(shape=self.bits, depth=self.size, init=[])
        # Read one cycle after it was written, so no bypass: a plain memory with an output register.
        write = memory.write_port()
        read = memory.read_port()

        held = Signal(range(self.size + 1))
        write_place = Signal(range(self.size))
        read_place = Signal(range(self.size))
        push = Signal()
        m.d.comb += [
            self.beats.ready.eq(held != self.size),
            self.available.eq(held != 0),
            push.eq(self.beats.valid & self.beats.ready),
            write.en.eq(push),
            write.addr.eq(write_place),
            write.data.eq(self.beats.payload),
            read.en.eq(self.read),
            read.addr.eq(read_place),
            self.head.eq(read.data),
        ]
        with m.If(push):
            m.d.sync += write_place.eq(following(write_place, self.size))
        with m.If(self.pop):
            m.d.sync += read_place.eq(following(read_place, self.size))
        m.d.sync += held.eq(held + push - self.pop)
        return m
