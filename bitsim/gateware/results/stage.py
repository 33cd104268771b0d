"""What can be done with sums on their way to memory: digits added up, int8 codes."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.streams import TILE_BITS
from bitsim.gateware.results.code_thresholds import TABLE_CYCLES
from bitsim.gateware.results.digit_combiner import DigitCombiner
from bitsim.gateware.results.encoder import ResultEncoder, ResultState
from bitsim.gateware.results.scale_divider import CYCLE_BITS, scale_cycles, step_cycles
from bitsim.gateware.results.walk import ResultWalk
from bitsim.spec.link.axi4 import SUM_BITS, ResultsSpec

SETTLE_CYCLES = 4


def result_job(results: ResultsSpec) -> data.StructLayout:
    """A phase for the stage: its result beats, and the form that they leave in."""
    job = {"row_tiles": unsigned(TILE_BITS), "groups": unsigned(TILE_BITS)}
    if results.digits > 1:
        job["digits"] = unsigned(results.digits.bit_length())
    if results.code_beats:
        job["codes"] = unsigned(1)
    return data.StructLayout(job)


class ResultStage(wiring.Component):
    """Between the cutter and the FIFO of the write port.

    jobs           one for each phase, in the order of their words
    words          of the phase's result beats, each sum an int32
    room           the FIFO takes a word
    push, pushed   a word enters it

    sum_bits       of a sum, before it was widened
    hold           groups of a block
    beat_words     words of a result beat
    """

    def __init__(
        self,
        results: ResultsSpec,
        word_bits: int,
        sum_bits: int,
        hold: int,
        beat_words: int,
    ) -> None:
        self.results = results
        self.word_bits = word_bits
        self.sum_bits = sum_bits
        self.hold = hold
        self.beat_words = beat_words
        super().__init__(
            {
                "jobs": In(stream.Signature(result_job(results))),
                "words": In(stream.Signature(word_bits)),
                "room": In(1),
                "push": Out(1),
                "pushed": Out(word_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        state = Signal(ResultState)
        m.submodules.walk = walk = ResultWalk(self.hold, self.beat_words)
        begin = Signal()
        take = Signal()
        block_ends = Signal()  # with this word
        m.d.comb += [
            self.jobs.ready.eq(state == ResultState.IDLE),
            begin.eq(self.jobs.valid & self.jobs.ready),
            take.eq(self.words.valid & self.words.ready),
            block_ends.eq(take & walk.last_word & walk.last_group & walk.last_tile),
            walk.begin.eq(begin),
            walk.row_tiles.eq(self.jobs.payload.row_tiles),
            walk.groups.eq(self.jobs.payload.groups),
        ]
        passing = Signal()
        m.d.comb += passing.eq(state == ResultState.PASS)
        passed, leaves = self._combine(m, walk, begin, take, passing)
        with m.If(passing):
            m.d.comb += [
                self.words.ready.eq(self.room | ~leaves),
                self.push.eq(take & leaves),
                self.pushed.eq(passed),
                walk.step.eq(take),
                walk.next_block.eq(block_ends),
            ]
            with m.If(block_ends & walk.last_block):
                m.d.sync += state.eq(ResultState.IDLE)
        with m.If(begin):
            m.d.sync += state.eq(ResultState.PASS)
        if self.results.code_beats:
            with m.If(begin & self.jobs.payload.codes):
                m.d.sync += state.eq(ResultState.COLLECT)
            self._encode(m, state, walk, begin, take, block_ends)
        return m

    def _combine(
        self, m: Module, walk: ResultWalk, begin: Value, take: Value, passing: Value
    ) -> tuple[Value, Value]:
        """What becomes of a word that passes, and whether it leaves."""
        if self.results.digits == 1:
            return self.words.payload, passing
        m.submodules.combiner = combiner = DigitCombiner(
            self.word_bits, self.hold, self.beat_words, self.results.digits
        )
        m.d.comb += [
            combiner.begin.eq(begin),
            combiner.digits.eq(self.jobs.payload.digits),
            combiner.word.eq(self.words.payload),
            combiner.take.eq(take & passing),
            combiner.tile_ends.eq(walk.last_word & walk.last_group),
        ]
        return combiner.sum, combiner.last

    def _encode(
        self,
        m: Module,
        state: Signal,
        walk: ResultWalk,
        begin: Value,
        take: Value,
        block_ends: Value,
    ) -> None:
        """The states from COLLECT on."""
        word_sums = self.word_bits // SUM_BITS
        m.submodules.encoder = encoder = ResultEncoder(
            self.word_bits, word_sums, self.sum_bits, self.hold,
            self.results.code_beats * self.beat_words, self.beat_words,
        )  # fmt: skip
        cycle = Signal(CYCLE_BITS)  # of the states of a fixed length
        last_cycle = Signal.like(cycle)
        vectors_end = Signal()
        m.d.comb += [
            encoder.sums.eq(
                Cat(
                    self.words.payload.word_select(index, SUM_BITS)[: self.sum_bits]
                    for index in range(word_sums)
                )
            ),
            encoder.group.eq(walk.group),
            encoder.first.eq(walk.first_tile & walk.first_word),
            encoder.tile_ends.eq(walk.last_word & walk.last_group),
            encoder.state.eq(state),
            encoder.cycle.eq(cycle),
            encoder.beat_ends.eq(walk.last_word),
            encoder.vector_ends.eq(walk.last_word & walk.last_tile),
            encoder.room.eq(self.room),
            encoder.begin_block.eq(begin | vectors_end),
            vectors_end.eq(encoder.ends & walk.last_group),
        ]
        m.d.sync += cycle.eq(Mux(cycle == last_cycle, 0, cycle + 1))
        with m.Switch(state):
            with m.Case(ResultState.COLLECT):
                m.d.comb += [
                    self.words.ready.eq(1),
                    encoder.take.eq(take),
                    walk.step.eq(take),
                ]
                with m.If(block_ends):
                    m.d.sync += state.eq(ResultState.SETTLE)
            for name, cycles, following in (
                (ResultState.SETTLE, SETTLE_CYCLES, ResultState.SCALE),
                (ResultState.SCALE, scale_cycles(self.sum_bits), ResultState.STEP),
                (ResultState.STEP, step_cycles(self.sum_bits), ResultState.TABLE),
                (ResultState.TABLE, TABLE_CYCLES, ResultState.EMIT),
            ):
                with m.Case(name):
                    m.d.comb += last_cycle.eq(cycles - 1)
                    with m.If(cycle == last_cycle):
                        m.d.sync += state.eq(following)
            with m.Case(ResultState.EMIT):
                m.d.comb += [
                    self.push.eq(encoder.offered & self.room),
                    self.pushed.eq(encoder.word),
                    walk.step.eq(encoder.read),
                    walk.one_group.eq(1),
                    walk.next_group.eq(encoder.ends),
                    walk.next_block.eq(vectors_end),
                ]
                with m.If(encoder.ends):
                    m.d.sync += state.eq(ResultState.SCALE)
                with m.If(vectors_end):
                    m.d.sync += state.eq(
                        Mux(walk.last_block, ResultState.IDLE, ResultState.COLLECT)
                    )
        m.d.comb += encoder.begin_vector.eq((state == ResultState.TABLE) & (cycle == last_cycle))
