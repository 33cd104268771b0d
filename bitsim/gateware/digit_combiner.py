"""Adds the digits of a row: ternary rows that together are one row of a wider matrix."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from bitsim.gateware.pointer import place_pointer
from bitsim.spec.bus import SUM_BITS


class DigitCombiner(wiring.Component):
    """Each word of a row tile to three times what its place has from the tile before.

    What the next place holds is read one word ahead, so that the sum of a word waits for no memory.

    begin, digits      a job begins, with row tiles of so many digits; 0 is 1
    word               SUM_BITS in each place
    take               `word` is taken; the next one is its successor
    tile_ends          with `take`: the last word of a row tile of the block
    last               the word is one of the last digit
    sum                what it makes, in the same cycle
    """

    clocked = True

    def __init__(self, word_bits: int, places: int, most_digits: int) -> None:
        self.places = places
        super().__init__(
            {
                "begin": In(1),
                "digits": In(range(most_digits + 1)),
                "word": In(word_bits),
                "take": In(1),
                "tile_ends": In(1),
                "last": Out(1),
                "sum": Out(word_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        digits_behind = Signal.like(self.digits)  # the first of a row
        behind = Signal.like(self.digits)  # this one
        first = Signal(init=1)  # digit of a row
        next_first = Signal()
        kept = Signal(len(self.word))  # for this place; 0 for the first digit
        next_kept = Signal(len(self.word))
        sums = []
        for index in range(len(self.word) // SUM_BITS):
            before = kept.word_select(index, SUM_BITS)
            total = Signal(SUM_BITS, name=f"sum_{index}")
            m.d.comb += total.eq(
                before + Cat(0, before[:-1]) + self.word.word_select(index, SUM_BITS)
            )
            sums.append(total)
        m.d.comb += [
            self.last.eq(behind == 0),
            self.sum.eq(Cat(sums)),
            next_first.eq(Mux(self.tile_ends, self.last, first)),
        ]
        self._keep(m, next_kept)
        with m.If(self.begin):
            fewer = Mux(self.digits == 0, 0, self.digits - 1)
            m.d.sync += [digits_behind.eq(fewer), behind.eq(fewer), first.eq(1), kept.eq(0)]
        with m.Elif(self.take):
            m.d.sync += [first.eq(next_first), kept.eq(Mux(next_first, 0, next_kept))]
            with m.If(self.tile_ends):
                m.d.sync += behind.eq(Mux(self.last, digits_behind, behind - 1))
        return m

    def _keep(self, m: Module, next_kept: Signal) -> None:
        """A sum for each place of a row tile, and of the next place."""
        if self.places == 1:
            m.d.comb += next_kept.eq(self.sum)
            return
        m.submodules.memory = memory = Memory(shape=len(self.word), depth=self.places, init=[])
        write = memory.write_port()
        read = memory.read_port(domain="comb")
        place = place_pointer(self.places, "place")
        next_place = Signal.like(place)
        m.d.comb += [
            next_place.eq(Mux(self.tile_ends, 0, place + 1)),
            write.en.eq(self.take & ~self.last),
            write.addr.eq(place),
            write.data.eq(self.sum),
            read.addr.eq(next_place),
            # A tile of one word in this block is its own successor.
            next_kept.eq(Mux(place == next_place, self.sum, read.data)),
        ]
        with m.If(self.begin):
            m.d.sync += place.eq(0)
        with m.Elif(self.take):
            m.d.sync += place.eq(next_place)
