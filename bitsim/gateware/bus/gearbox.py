"""From the words of a bus to the beats of the array."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Gearbox(wiring.Component):
    """Collects the words of one beat, first word lowest; bits beyond the beat are dropped.

    words   taken while the beat is not whole, and in the cycle in which a whole one leaves
    beats   a whole beat
    """

    def __init__(self, word_bits: int, beat_words: int, beat_bits: int) -> None:
        assert (beat_words - 1) * word_bits < beat_bits <= beat_words * word_bits
        self.word_bits = word_bits
        self.beat_words = beat_words
        super().__init__(
            {"words": In(stream.Signature(word_bits)), "beats": Out(stream.Signature(beat_bits))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        collected = Signal(self.beat_words * self.word_bits, reset_less=True)
        held = Signal(range(self.beat_words + 1))
        push = Signal()
        pop = Signal()
        m.d.comb += [
            self.beats.valid.eq(held == self.beat_words),
            self.beats.payload.eq(collected),
            self.words.ready.eq((held != self.beat_words) | self.beats.ready),
            push.eq(self.words.valid & self.words.ready),
            pop.eq(self.beats.valid & self.beats.ready),
        ]
        with m.If(push):  # the first word arrives at the bottom with the last
            m.d.sync += collected.eq(
                (collected >> self.word_bits)
                | (self.words.payload << (self.beat_words - 1) * self.word_bits)
            )
        with m.If(pop):
            m.d.sync += held.eq(push)
        with m.Else():
            m.d.sync += held.eq(held + push)
        return m
