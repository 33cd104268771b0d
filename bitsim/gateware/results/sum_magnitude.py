"""Sign and magnitude of sums, and the largest magnitude of each vector."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from bitsim.gateware.lanes.tree import register_levels

COMPARE_STAGES = 2  # registers in the tree that compares the sums of a word


def magnitude_layout(sum_bits: int) -> data.StructLayout:
    """A sum as sign and magnitude: as many bits, since -2^(sum_bits - 1) never comes."""
    return data.StructLayout({"magnitude": unsigned(sum_bits - 1), "negative": unsigned(1)})


class SumMagnitude(wiring.Component):
    """Takes words of sums; one taken in cycle t is part of `largest` from t + 4 on.

    take         `sums` are taken
    group        the group that `sums` belong to
    first        `sums` are the first of their vector
    magnitudes   of the word taken last, from the next cycle on
    vector       group whose `largest` is wanted, while nothing was taken for 3 cycles
    largest      magnitude
    """

    def __init__(self, word_sums: int, sum_bits: int, hold: int) -> None:
        self.word_sums = word_sums
        self.sum_bits = sum_bits
        self.hold = hold
        super().__init__(
            {
                "take": In(1),
                "group": In(range(max(2, hold))),
                "first": In(1),
                "sums": In(word_sums * sum_bits),
                "magnitudes": Out(data.ArrayLayout(magnitude_layout(sum_bits), word_sums)),
                "vector": In(range(max(2, hold))),
                "largest": Out(sum_bits - 1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for index in range(self.word_sums):
            total = self.sums.word_select(index, self.sum_bits)
            place = self.magnitudes[index]
            with m.If(self.take):
                m.d.sync += [
                    place.negative.eq(total[-1]),
                    place.magnitude.eq(
                        (total[:-1] ^ total[-1].replicate(self.sum_bits - 1)) + total[-1]
                    ),
                ]
        found = self._compare(m)
        about = Signal(data.StructLayout({"take": 1, "first": 1, "group": len(self.group)}))
        m.d.comb += [
            about.take.eq(self.take),
            about.first.eq(self.first),
            about.group.eq(self.group),
        ]
        delayed = about
        for stage in range(1 + COMPARE_STAGES):
            later = Signal.like(about, name=f"about_{stage}")
            m.d.sync += later.eq(delayed)
            delayed = later
        self._keep(m, found, delayed)
        return m

    def _compare(self, m: Module) -> Value:
        """The largest magnitude of a word, `COMPARE_STAGES` later."""
        levels = (self.word_sums - 1).bit_length()
        row: list[Value] = [self.magnitudes[i].magnitude for i in range(self.word_sums)]
        for level, registers in enumerate(register_levels(levels, COMPARE_STAGES)):
            if level:
                row = [Mux(a > b, a, b) for a, b in zip(row[::2], row[1::2], strict=True)]
            for stage in range(registers):
                before, row = row, []
                for index, value in enumerate(before):
                    register = Signal(self.sum_bits - 1, name=f"level{level}_{stage}_{index}")
                    m.d.sync += register.eq(value)
                    row.append(register)
        return row[0]

    def _keep(self, m: Module, found: Value, about: data.View) -> None:
        """One for each group of a block."""
        before = Signal(self.sum_bits - 1)
        larger = Signal()
        m.d.comb += [
            larger.eq(about.take & (about.first | (found > before))),
            self.largest.eq(before),
        ]
        if self.hold == 1:
            with m.If(larger):
                m.d.sync += before.eq(found)
            return
        m.submodules.memory = memory = Memory(shape=self.sum_bits - 1, depth=self.hold, init=[])
        write = memory.write_port()
        read = memory.read_port(domain="comb")
        m.d.comb += [
            read.addr.eq(Mux(about.take, about.group, self.vector)),
            before.eq(read.data),
            write.en.eq(larger),
            write.addr.eq(about.group),
            write.data.eq(found),
        ]
