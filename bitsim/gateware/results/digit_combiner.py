"""Adds the digits of a row: ternary rows that together are one row of a wider matrix."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from bitsim.spec.link.axi4 import SUM_BITS


class DigitCombiner(wiring.Component):
    """Adds each word of a row tile to three times what its place has from the tile before.

    What the next place holds is read and tripled one word ahead: a word waits for one adder.

    begin, digits      a job begins, with row tiles of so many digits; 0 is 1
    word               SUM_BITS in each place
    take               `word` is taken; the next one is its successor
    tile_ends          with `take`: the last word of a row tile of the block
    last               the word is one of the last digit
    sum                what it makes, in the same cycle
    """

    def __init__(self, word_bits: int, hold: int, beat_words: int, most_digits: int) -> None:
        self.places = hold * beat_words
        self.beat_words = beat_words
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
        digits_behind = Signal.like(self.digits)  # digits after the first of a row
        behind = Signal.like(self.digits)  # digits after this one
        first = Signal(init=1)  # digit of a row
        next_first = Signal()
        tripled = Signal(len(self.word))  # what this place has; 0 for the first digit
        next_kept = Signal(len(self.word))
        next_tripled = []
        for index in range(len(self.word) // SUM_BITS):
            kept = next_kept.word_select(index, SUM_BITS)
            three = Signal(SUM_BITS, name=f"next_tripled_{index}")
            total = self.sum.word_select(index, SUM_BITS)
            m.d.comb += [
                three.eq(kept + Cat(Const(0, 1), kept[:-1])),
                total.eq(
                    tripled.word_select(index, SUM_BITS) + self.word.word_select(index, SUM_BITS)
                ),
            ]
            next_tripled.append(three)
        m.d.comb += [
            self.last.eq(behind == 0),
            next_first.eq(Mux(self.tile_ends, self.last, first)),
        ]
        self._keep(m, next_kept)
        with m.If(self.begin | (self.take & next_first)):
            m.d.sync += tripled.eq(0)
        with m.Elif(self.take):
            m.d.sync += tripled.eq(Cat(next_tripled))
        with m.If(self.begin):
            fewer = Mux(self.digits == 0, 0, self.digits - 1)
            m.d.sync += [digits_behind.eq(fewer), behind.eq(fewer), first.eq(1)]
        with m.Elif(self.take):
            m.d.sync += first.eq(next_first)
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
        place = Signal(range(self.places))
        next_place = Signal.like(place)
        m.d.comb += [
            next_place.eq(Mux(self.tile_ends, 0, place + 1)),
            write.en.eq(self.take & ~self.last),
            write.addr.eq(place),
            write.data.eq(self.sum),
            read.addr.eq(next_place),
            next_kept.eq(read.data),
        ]
        if self.beat_words == 1:  # a tile may have one word, which is its own successor
            with m.If(place == next_place):
                m.d.comb += next_kept.eq(self.sum)
        with m.If(self.begin):
            m.d.sync += place.eq(0)
        with m.Elif(self.take):
            m.d.sync += place.eq(next_place)
