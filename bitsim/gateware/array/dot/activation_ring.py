"""The activation buffer: each beat is written once and read once for every row tile."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out


class ActivationRing(wiring.Component):
    """A ring of `size` beats, read in order, from the start of the block for each row tile.

    beats      accepted while `loaded - freed` is below `size` at the start of the cycle
    available  the next beat to be read has been written
    read       puts that beat into `head` from the next cycle on
    free       with `read`: the beat is not needed again (the last row tile reads it)
    rewind     with `read`: the next one is again the first of the block
    head       the beat read last

    `free` and `rewind` exclude each other: the last row tile goes on into the next block.
    """

    def __init__(self, bits: int, size: int) -> None:
        self.bits = bits
        self.size = size
        super().__init__(
            {
                "beats": In(stream.Signature(bits)),
                "available": Out(1),
                "read": In(1),
                "free": In(1),
                "rewind": In(1),
                "head": Out(bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        places = range(max(2, self.size))  # one place is held as one of two
        m.submodules.memory = memory = Memory(shape=self.bits, depth=len(places), init=[])
        write = memory.write_port()
        read = memory.read_port()

        held = Signal(range(self.size + 1))  # loaded - freed
        ahead = Signal(range(self.size + 1))  # beats from the oldest held to the next one read
        write_place = Signal(places)
        read_place = Signal(places)
        oldest_place = Signal(places)
        next_place = Signal(places)
        push = Signal()
        release = Signal()
        m.d.comb += [
            self.beats.ready.eq(held != self.size),
            self.available.eq(ahead < held),
            push.eq(self.beats.valid & self.beats.ready),
            release.eq(self.read & self.free),
            next_place.eq(following(read_place, self.size)),
            write.en.eq(push),
            write.addr.eq(write_place),
            write.data.eq(self.beats.payload),
            read.en.eq(self.read),
            read.addr.eq(read_place),
            self.head.eq(read.data),
        ]
        with m.If(push):
            m.d.sync += write_place.eq(following(write_place, self.size))
        with m.If(self.read):
            m.d.sync += read_place.eq(Mux(self.rewind, oldest_place, next_place))
            with m.If(self.free):  # `ahead` is 0 and stays so
                m.d.sync += oldest_place.eq(next_place)
            with m.Else():
                m.d.sync += ahead.eq(Mux(self.rewind, 0, ahead + 1))
        m.d.sync += held.eq(held + push - release)
        return m


def following(place: Signal, size: int) -> Value:
    """The next place of a ring; after the last comes 0."""
    if size == 1 << len(place):
        return (place + 1)[: len(place)]
    return Mux(place == size - 1, 0, (place + 1)[: len(place)])
