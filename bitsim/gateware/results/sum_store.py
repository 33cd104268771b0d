"""Keeps the sums of a block until they are written as codes."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

STORE_ADVANCES = 2  # from a word's address to the word


class SumStore(wiring.Component):
    """Words come row tile by row tile, in each the beats of all groups, and leave vector by vector.

    begin_block     nothing is held, the next vector is that of the first group
    push            `pushed` is kept
    tile_ends       with `push`: it is the last word of a row tile
    begin_vector    its first word is next
    advance         goes on with `read` and `word`
    read            with `advance`: a word of the vector is read
    beat_ends       with `read`: it is the last of a beat
    word            read two advances before
    end_vector      the next vector is that of the next group
    """

    def __init__(self, word_bits: int, words: int, beat_words: int) -> None:
        self.words = words
        self.beat_words = beat_words
        super().__init__(
            {
                "begin_block": In(1),
                "push": In(1),
                "pushed": In(word_bits),
                "tile_ends": In(1),
                "begin_vector": In(1),
                "advance": In(1),
                "read": In(1),
                "beat_ends": In(1),
                "word": Out(word_bits),
                "end_vector": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        memory_words = max(2, self.words)
        m.submodules.memory = memory = Memory(shape=len(self.word), depth=memory_words, init=[])
        write = memory.write_port()
        read = memory.read_port()
        write_place = Signal(range(memory_words))
        read_place = Signal(range(memory_words))
        vector_place = Signal(range(memory_words))
        to_next_tile = Signal.like(write_place)  # from the last word of a beat of the same group
        in_first_tile = Signal()
        m.d.comb += [
            write.en.eq(self.push),
            write.addr.eq(write_place),
            write.data.eq(self.pushed),
            read.en.eq(self.advance),
            read.addr.eq(read_place),
        ]
        with m.If(self.push):
            m.d.sync += write_place.eq(write_place + 1)
            with m.If(self.tile_ends):
                m.d.sync += in_first_tile.eq(0)
                with m.If(in_first_tile):
                    m.d.sync += to_next_tile.eq(write_place + 2 - self.beat_words)
        with m.If(self.advance):
            m.d.sync += self.word.eq(read.data)
            with m.If(self.read):
                m.d.sync += read_place.eq(read_place + Mux(self.beat_ends, to_next_tile, 1))
        with m.If(self.begin_vector):
            m.d.sync += read_place.eq(vector_place)
        with m.If(self.end_vector):
            m.d.sync += vector_place.eq(vector_place + self.beat_words)
        with m.If(self.begin_block):
            m.d.sync += [write_place.eq(0), vector_place.eq(0), in_first_tile.eq(1)]
        return m
