"""From the result beats of the array to the words of a bus."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from bitsim.spec.link.axi4 import SUM_BITS
from bitsim.units import ceil_div


class ResultCutter(wiring.Component):
    """Holds one beat and hands it on word by word, each sum widened to an int32.

    beats   `sums` sums of `sum_bits`; taken if no word is left, or the last one leaves now
    words   places beyond the last sum of a beat are 0
    """

    def __init__(self, sums: int, sum_bits: int, word_bits: int) -> None:
        self.sum_bits = sum_bits
        self.word_sums = word_bits // SUM_BITS
        self.beat_words = ceil_div(sums, self.word_sums)
        super().__init__(
            {
                "beats": In(stream.Signature(sums * sum_bits)),
                "words": Out(stream.Signature(word_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word_bits = self.word_sums * self.sum_bits  # of a word, before it is widened
        beat = Signal(self.beat_words * word_bits, reset_less=True)
        narrow = Signal(word_bits)
        rest = Signal(range(self.beat_words + 1))
        take = Signal()
        m.d.comb += [
            narrow.eq(beat),
            self.words.valid.eq(rest != 0),
            self.words.payload.eq(
                Cat(_int32(narrow.word_select(i, self.sum_bits)) for i in range(self.word_sums))
            ),
            self.beats.ready.eq((rest == 0) | ((rest == 1) & self.words.ready)),
            take.eq(self.beats.valid & self.beats.ready),
        ]
        with m.If(take):
            m.d.sync += [beat.eq(self.beats.payload), rest.eq(self.beat_words)]
        with m.Elif(self.words.valid & self.words.ready):
            m.d.sync += [beat.eq(beat >> word_bits), rest.eq(rest - 1)]
        return m


def _int32(total: Value) -> Value:
    """Its sign repeated, or bits dropped that only repeat it: a sum is never beyond an int32."""
    missing = SUM_BITS - len(total)
    return Cat(total, total[-1].replicate(missing)) if missing > 0 else total[:SUM_BITS]
