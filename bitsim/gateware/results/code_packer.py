"""From the codes of words of sums to words of codes."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.results.code_search import CODE_BITS
from bitsim.spec.link.axi4 import SUM_BITS

WORDS = SUM_BITS // CODE_BITS  # of sums, whose codes make a word


class CodePacker(wiring.Component):
    """Offers the largest magnitude of a vector, then its codes, the last word filled with 0.

    begin, largest   the first word of a vector is `largest`
    advance          nothing is offered, or it is taken
    valid, codes     with `advance`: of the next word of sums
    last             with `valid`: of the vector's last
    offered          there is a word
    word             the word, first codes lowest
    ends             the word is the vector's last
    """

    def __init__(self, word_bits: int, magnitude_bits: int) -> None:
        super().__init__(
            {
                "begin": In(1),
                "largest": In(magnitude_bits),
                "advance": In(1),
                "valid": In(1),
                "codes": In(word_bits // WORDS),
                "last": In(1),
                "offered": Out(1),
                "word": Out(word_bits),
                "ends": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        place = Signal(range(WORDS))
        with m.If(self.begin):
            m.d.sync += [
                self.offered.eq(1),
                self.ends.eq(0),
                self.word.eq(self.largest),
                place.eq(0),
            ]
        with m.Elif(self.advance):
            m.d.sync += [
                self.offered.eq(self.valid & (self.last | (place == WORDS - 1))),
                self.ends.eq(self.last),
            ]
            with m.If(self.valid):
                m.d.sync += place.eq(place + 1)
                with m.If(place == 0):
                    m.d.sync += self.word.eq(self.codes)
                with m.Else():
                    m.d.sync += self.word.word_select(place, len(self.codes)).eq(self.codes)
        return m
