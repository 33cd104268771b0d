"""The int8 codes of the result stage: everything between kept sums and offered words."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.results.code_packer import CodePacker
from bitsim.gateware.results.code_search import SEARCH_ADVANCES, CodeSearch
from bitsim.gateware.results.code_thresholds import CodeThresholds
from bitsim.gateware.results.scale_divider import CYCLE_BITS
from bitsim.gateware.results.sum_magnitude import SumMagnitude
from bitsim.gateware.results.sum_store import STORE_ADVANCES, SumStore

ADVANCES = STORE_ADVANCES + SEARCH_ADVANCES  # from a word's address to its codes


class ResultState(enum.Enum, shape=3):
    """As docs/top.md has them."""

    IDLE = 0
    PASS = 1
    COLLECT = 2
    SETTLE = 3
    SCALE = 4
    STEP = 5
    TABLE = 6
    EMIT = 7


class ResultEncoder(wiring.Component):
    """Keeps the sums of a block, then writes the codes of its vectors.

    begin_block            the words of a block are next
    take, sums             a word of the block
    group                  the word's group; in EMIT and before, the group whose codes are written
    first                  the word is the first of its vector
    tile_ends              the word is the last of a row tile
    state, cycle           of the stage, `cycle` counts in each from 0 on
    begin_vector           EMIT is next
    read                   in EMIT a word of the vector is read
    beat_ends, vector_ends with `read`: this word is the last of a beat, of the vector
    room                   the FIFO takes a word
    offered, word          what is offered to it
    ends                   the vector's last word enters it
    """

    def __init__(
        self,
        word_bits: int,
        word_sums: int,
        sum_bits: int,
        hold: int,
        words: int,
        beat_words: int,
    ) -> None:
        self.word_sums = word_sums
        self.sum_bits = sum_bits
        self.hold = hold
        self.words = words
        self.beat_words = beat_words
        super().__init__(
            {
                "begin_block": In(1),
                "take": In(1),
                "sums": In(word_sums * sum_bits),
                "group": In(range(max(2, hold))),
                "first": In(1),
                "tile_ends": In(1),
                "state": In(ResultState),
                "cycle": In(CYCLE_BITS),
                "begin_vector": In(1),
                "read": Out(1),
                "beat_ends": In(1),
                "vector_ends": In(1),
                "room": In(1),
                "offered": Out(1),
                "word": Out(word_bits),
                "ends": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.magnitude = magnitude = SumMagnitude(self.word_sums, self.sum_bits, self.hold)
        m.submodules.store = store = SumStore(len(self.sums), self.words, self.beat_words)
        m.submodules.thresholds = thresholds = CodeThresholds(self.sum_bits)
        m.submodules.search = search = CodeSearch(self.word_sums, self.sum_bits)
        m.submodules.packer = packer = CodePacker(len(self.word), self.sum_bits - 1)
        taken = Signal()
        tile_ended = Signal()
        m.d.sync += [taken.eq(self.take), tile_ended.eq(self.tile_ends)]
        m.d.comb += [
            magnitude.take.eq(self.take),
            magnitude.group.eq(self.group),
            magnitude.first.eq(self.first),
            magnitude.sums.eq(self.sums),
            magnitude.vector.eq(self.group),
            store.begin_block.eq(self.begin_block),
            store.push.eq(taken),
            store.pushed.eq(magnitude.magnitudes),
            store.tile_ends.eq(tile_ended),
            thresholds.scale.eq(self.state == ResultState.SCALE),
            thresholds.step.eq(self.state == ResultState.STEP),
            thresholds.table.eq(self.state == ResultState.TABLE),
            thresholds.cycle.eq(self.cycle),
            thresholds.largest.eq(magnitude.largest),
            search.write.eq(thresholds.write),
            search.code.eq(thresholds.code),
            search.threshold.eq(thresholds.threshold),
        ]

        advance = Signal()
        reading = Signal()
        on_the_way = Signal(ADVANCES)  # words read, the first one highest
        last_on_the_way = Signal(ADVANCES)
        m.d.comb += [
            advance.eq((self.state == ResultState.EMIT) & (~packer.offered | self.room)),
            self.read.eq(advance & reading),
            self.offered.eq(packer.offered),
            self.word.eq(packer.word),
            self.ends.eq(packer.offered & packer.ends & self.room),
            store.begin_vector.eq(self.begin_vector),
            store.advance.eq(advance),
            store.read.eq(reading),
            store.beat_ends.eq(self.beat_ends),
            store.end_vector.eq(self.ends),
            search.advance.eq(advance),
            search.word.eq(store.word),
            packer.begin.eq(self.begin_vector),
            packer.largest.eq(magnitude.largest),
            packer.advance.eq(advance),
            packer.valid.eq(on_the_way[-1]),
            packer.codes.eq(search.codes),
            packer.last.eq(last_on_the_way[-1]),
        ]
        with m.If(self.begin_vector):
            m.d.sync += reading.eq(1)
        with m.Elif(self.read & self.vector_ends):
            m.d.sync += reading.eq(0)
        with m.If(advance):
            m.d.sync += [
                on_the_way.eq(Cat(reading, on_the_way)),
                last_on_the_way.eq(Cat(reading & self.vector_ends, last_on_the_way)),
            ]
        return m
