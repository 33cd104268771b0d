"""The words between a bus and the array, in block RAM."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from bitsim.gateware.pointer import following, place_pointer


class WordFifo(wiring.Component):
    """Holds `size` words. A word that enters in cycle t can leave from t + 2 on.

    The memory is read into its output register one cycle ahead, and never in the cycle in which
    the same place is written; that costs the second cycle.

    room     fewer than `size` words are held; a word is held until it has left
    push     `pushed` enters; only if there is room
    ready    words that can leave
    head     the first word that can leave, while there is one
    pop      `head` leaves
    """

    def __init__(self, bits: int, size: int) -> None:
        self.bits = bits
        self.size = size
        super().__init__(
            {
                "room": Out(1),
                "push": In(1),
                "pushed": In(bits),
                "ready": Out(range(size + 1)),
                "head": Out(bits),
                "pop": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Memory(shape=self.bits, depth=self.size, init=[])
        write = memory.write_port()
        read = memory.read_port()

        held = Signal(range(self.size + 1))
        ready = Signal(range(self.size + 1))
        pushed_before = Signal()
        write_place = place_pointer(self.size, "write_place")
        read_place = place_pointer(self.size, "read_place")
        head_place = place_pointer(self.size, "head_place")  # of the next cycle's head
        m.d.comb += [
            self.room.eq(held != self.size),
            self.ready.eq(ready),
            self.head.eq(read.data),
            head_place.eq(Mux(self.pop, following(read_place, self.size), read_place)),
            write.en.eq(self.push),
            write.addr.eq(write_place),
            write.data.eq(self.pushed),
            read.en.eq(1),
            read.addr.eq(head_place),
        ]
        with m.If(self.push):
            m.d.sync += write_place.eq(following(write_place, self.size))
        m.d.sync += [
            read_place.eq(head_place),
            pushed_before.eq(self.push),
            held.eq(held + self.push - self.pop),
            ready.eq(ready + pushed_before - self.pop),
        ]
        return m
