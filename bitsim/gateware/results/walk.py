"""Where the result stage is within a job: block, row tile, group, word of a beat."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.streams import TILE_BITS


class ResultWalk(wiring.Component):
    """Counts words in the order of the array's result beats; or the words of one group alone.

    begin, row_tiles, groups          a job of this shape begins, each at least 1
    step                              to the next word of the block, its last followed by its first
    one_group                         with `step`: to the next one of this group alone
    next_group                        to the next group of the block
    next_block                        the next block begins
    group                             of the block
    first_word, last_word             of the beat
    last_group, first_tile, last_tile of the block
    last_block                        of the job
    """

    def __init__(self, hold: int, beat_words: int) -> None:
        self.hold = hold
        self.beat_words = beat_words
        super().__init__(
            {
                "begin": In(1),
                "row_tiles": In(TILE_BITS),
                "groups": In(TILE_BITS),
                "step": In(1),
                "one_group": In(1),
                "next_group": In(1),
                "next_block": In(1),
                "group": Out(range(max(2, hold))),
                "first_word": Out(1),
                "first_tile": Out(1),
                "last_word": Out(1),
                "last_group": Out(1),
                "last_tile": Out(1),
                "last_block": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word = Signal(range(max(2, self.beat_words)))
        tile = Signal(TILE_BITS)
        last_tile_index = Signal(TILE_BITS)
        last_group_index = Signal.like(self.group)
        groups_after = Signal(TILE_BITS)  # of the blocks after this one
        tile_ends = Signal()
        m.d.comb += [
            self.first_word.eq(word == 0),
            self.first_tile.eq(tile == 0),
            self.last_word.eq(word == self.beat_words - 1),
            self.last_group.eq(self.group == last_group_index),
            self.last_tile.eq(tile == last_tile_index),
            self.last_block.eq(groups_after == 0),
            tile_ends.eq(self.step & self.last_word & (self.last_group | self.one_group)),
        ]
        with m.If(self.step):
            m.d.sync += word.eq(Mux(self.last_word, 0, word + 1))
        with m.If((self.step & self.last_word & ~self.one_group) | self.next_group):
            m.d.sync += self.group.eq(Mux(self.last_group, 0, self.group + 1))
        with m.If(tile_ends):
            m.d.sync += tile.eq(Mux(self.last_tile, 0, tile + 1))

        groups: Value = Mux(self.begin, self.groups, groups_after)
        with m.If(self.begin):
            m.d.sync += last_tile_index.eq(self.row_tiles - 1)
        with m.If(self.begin | self.next_block):
            with m.If(groups > self.hold):
                m.d.sync += [
                    last_group_index.eq(self.hold - 1),
                    groups_after.eq(groups - self.hold),
                ]
            with m.Else():
                m.d.sync += [last_group_index.eq(groups - 1), groups_after.eq(0)]
        return m
