"""Does what a frame asks for (docs/serial.md)."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.host.register_bank import RegisterAccess
from bitsim.gateware.serial.onchip_memory import MemoryAccess
from bitsim.spec.host.serial_protocol import (
    DONE,
    MAX_WORDS,
    RANGE_BYTES,
    REFUSED,
    WORD_BYTES,
    Kind,
    Refusal,
)
from bitsim.spec.registers.register import REGISTER_BITS, REGISTER_BYTES, WINDOW_BYTES
from bitsim.units import BITS_PER_BYTE

BYTE_BITS = (WORD_BYTES - 1).bit_length()
WORD_BITS = WORD_BYTES * BITS_PER_BYTE
LENGTH_BITS = 16


class RunState(enum.Enum, shape=3):
    """Where a request is."""

    LISTEN = 0
    JUDGE = 1
    FETCH = 2  # a word of the frame is read from the buffer
    ACCESS = 3
    LOOK = 4  # at the outcome
    ANSWER = 5  # is begun
    SEND = 6


class RequestRunner(wiring.Component):
    """One request at a time, a word after the other.

    A request for a write that has the sequence number of the request before is answered again and
    not done again: the host sends it when it has missed the answer. HELLO makes the number before
    forgotten.

    listen               a request can come
    arrived ... count    of the `FrameReceiver`
    place                of a word of the buffer; `fetched` is that word one cycle later
    store, stored        a word is put there
    answer ... code      of the `FrameSender`; `answering` is its `busy`
    access, memory       registers, and words of the memory
    """

    def __init__(self, memory_bytes: int) -> None:
        self.memory_words = memory_bytes // WORD_BYTES
        self.index_bits = max(self.memory_words, WINDOW_BYTES // REGISTER_BYTES).bit_length()
        super().__init__(
            {
                "listen": Out(1),
                "arrived": In(1),
                "intact": In(1),
                "kind": In(BITS_PER_BYTE),
                "number": In(BITS_PER_BYTE),
                "length": In(LENGTH_BITS),
                "address": In(WORD_BITS),
                "count": In(LENGTH_BITS),
                "place": Out(range(MAX_WORDS)),
                "fetched": In(REGISTER_BITS),
                "store": Out(1),
                "stored": Out(REGISTER_BITS),
                "answer": Out(1),
                "answering": In(1),
                "answer_kind": Out(BITS_PER_BYTE),
                "answer_length": Out(range(MAX_WORDS * WORD_BYTES + 1)),
                "coded": Out(1),
                "code": Out(BITS_PER_BYTE),
                "access": Out(RegisterAccess()),
                "memory": Out(MemoryAccess(memory_bytes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.state = Signal(RunState, name="state")
        self.done = Signal(range(MAX_WORDS + 1), name="done")  # words
        self.refusal = Signal(Refusal, name="refusal")
        self.is_refused = Signal(name="is_refused")
        # Beside what became of the request before, which may be asked for again.
        self.is_damaged = Signal(name="is_damaged")
        self.writes = Signal(name="writes")  # instead of reading
        self.in_memory = Signal(name="in_memory")  # instead of the registers
        kind = self.kind
        m.d.comb += [
            self.writes.eq((kind == Kind.WRITE_REGISTERS) | (kind == Kind.WRITE_MEMORY)),
            self.in_memory.eq((kind == Kind.READ_MEMORY) | (kind == Kind.WRITE_MEMORY)),
            self.listen.eq(self.state == RunState.LISTEN),
            self.answer.eq(self.state == RunState.ANSWER),
        ]
        self._describe_answer(m)
        self._move_words(m)
        self._go_on(m)
        return m

    def _go_on(self, m: Module) -> None:
        state = self.state
        before = Signal.like(self.number, name="number_before")
        knows_before = Signal()
        with m.Switch(state):
            with m.Case(RunState.LISTEN):
                m.d.sync += [self.done.eq(0), self.is_damaged.eq(~self.intact)]
                with m.If(self.arrived & self.intact):
                    m.d.sync += state.eq(RunState.JUDGE)
                with m.Elif(self.arrived):
                    m.d.sync += state.eq(RunState.ANSWER)
            with m.Case(RunState.JUDGE):
                with m.If(knows_before & self.writes & (self.number == before)):
                    m.d.sync += state.eq(RunState.ANSWER)  # as before
                with m.Else():
                    self._judge(m)
                m.d.sync += [knows_before.eq(self.kind != Kind.HELLO), before.eq(self.number)]
            with m.Case(RunState.FETCH):
                m.d.sync += state.eq(RunState.ACCESS)
            with m.Case(RunState.ACCESS):
                with m.If(~self.in_memory | self.memory.ready):
                    m.d.sync += state.eq(RunState.LOOK)
            with m.Case(RunState.LOOK):
                m.d.sync += [state.eq(RunState.FETCH), self.done.eq(self.done + 1)]
                with m.If(~self.in_memory & self.access.error):
                    m.d.sync += [
                        state.eq(RunState.ANSWER),
                        self.is_refused.eq(1),
                        self.refusal.eq(Refusal.ADDRESS),
                    ]
                with m.Elif(self.done + 1 == self.count):
                    m.d.sync += state.eq(RunState.ANSWER)
            with m.Case(RunState.ANSWER):
                m.d.sync += state.eq(RunState.SEND)
            with m.Case(RunState.SEND):
                with m.If(~self.answering):
                    m.d.sync += state.eq(RunState.LISTEN)

    def _judge(self, m: Module) -> None:
        """Whether a request can be done: if not, why."""
        length = Signal.like(self.length, name="right_length")
        end = Signal(self.index_bits + 1, name="end")  # the word after the last
        m.d.comb += [length.eq(RANGE_BYTES), end.eq(self._first + self.count)]
        with m.If(self.kind == Kind.HELLO):
            m.d.comb += length.eq(0)
        with m.Elif(self.writes):
            m.d.comb += length.eq(RANGE_BYTES + self.count * WORD_BYTES)
        bad_count = (self.count == 0) | (self.count > MAX_WORDS)
        beyond = self.address[BYTE_BITS + self.index_bits :].any()
        most = Mux(self.in_memory, self.memory_words, WINDOW_BYTES // REGISTER_BYTES)
        m.d.sync += [self.state.eq(RunState.ANSWER), self.is_refused.eq(1)]
        with m.If((self.kind < min(Kind)) | (self.kind > max(Kind))):
            m.d.sync += self.refusal.eq(Refusal.KIND)
        with m.Elif((self.length != length) | ((self.kind != Kind.HELLO) & bad_count)):
            m.d.sync += self.refusal.eq(Refusal.LENGTH)
        with m.Elif(self.kind == Kind.HELLO):
            m.d.sync += self.is_refused.eq(0)
        with m.Elif(self.address[:BYTE_BITS].any() | beyond | (end > most)):
            m.d.sync += self.refusal.eq(Refusal.ADDRESS)
        with m.Else():
            m.d.sync += [self.state.eq(RunState.FETCH), self.is_refused.eq(0)]

    def _move_words(self, m: Module) -> None:
        access, memory = self.access, self.memory
        accessing = Signal()
        index = Signal(self.index_bits, name="index")
        m.d.comb += [
            accessing.eq(self.state == RunState.ACCESS),
            index.eq(self._first + self.done),
            self.place.eq(self.done),
            self.store.eq((self.state == RunState.LOOK) & ~self.writes),
            self.stored.eq(Mux(self.in_memory, memory.answer, access.answer)),
            access.read.eq(accessing & ~self.in_memory & ~self.writes),
            access.write.eq(accessing & ~self.in_memory & self.writes),
            access.index.eq(index),
            access.data.eq(self.fetched),
            access.strobe.eq((1 << REGISTER_BYTES) - 1),
            memory.valid.eq(accessing & self.in_memory),
            memory.write.eq(self.writes),
            memory.index.eq(index),
            memory.data.eq(self.fetched),
        ]

    @property
    def _first(self) -> Value:
        """Number of the first word, if it is not beyond all that there is."""
        return self.address[BYTE_BITS:][: self.index_bits]

    def _describe_answer(self, m: Module) -> None:
        m.d.comb += [
            self.coded.eq(self.is_refused | self.is_damaged),
            self.code.eq(Mux(self.is_damaged, Refusal.DAMAGED.value, self.refusal)),
        ]
        with m.If(self.coded):
            m.d.comb += [self.answer_kind.eq(REFUSED), self.answer_length.eq(1)]
        with m.Else():
            m.d.comb += self.answer_kind.eq(self.kind | DONE)
            with m.If(~self.writes & (self.kind != Kind.HELLO)):
                m.d.comb += self.answer_length.eq(self.count * WORD_BYTES)
