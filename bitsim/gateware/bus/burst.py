"""How long the next burst of a master is."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from bitsim.spec.link.axi4 import BOUNDARY_BYTES, Axi4BusSpec

WORDS_BITS = 32  # of the words of a job


class BurstPlace:
    """Where a master is within its job: the word that it asks for next, and the length to ask.

    word    its address, counted in words
    left    words still to be asked for
    length  of the next burst: what is left, a whole burst, or what is before a 4 KiB boundary
    """

    def __init__(self, m: Module, bus: Axi4BusSpec) -> None:
        self.byte_bits = (bus.word_bytes - 1).bit_length()
        self.word = Signal(bus.address_bits - self.byte_bits, name="word", reset_less=True)
        self.left = Signal(WORDS_BITS, name="left")
        self.length = Signal(range(bus.burst_words + 1), name="length")
        boundary_words = BOUNDARY_BYTES // bus.word_bytes
        before_boundary = Signal(range(boundary_words + 1), name="before_boundary")
        whole = Signal.like(self.length, name="whole")  # were there enough left
        m.d.comb += [
            before_boundary.eq(boundary_words - self.word % boundary_words),
            whole.eq(Mux(before_boundary < bus.burst_words, before_boundary, bus.burst_words)),
            self.length.eq(Mux(self.left < whole, self.left, whole)),
        ]

    @property
    def address(self) -> Value:
        """Of `word`, in bytes."""
        return Cat(Const(0, self.byte_bits), self.word)

    def begin(self, address: Value, words: Value) -> list[Any]:
        """Statements: the job or pass at this byte address begins."""
        return [self.word.eq(address[self.byte_bits :]), self.left.eq(words)]

    def step(self) -> list[Any]:
        """Statements: the next burst has been asked for."""
        return [self.word.eq(self.word + self.length), self.left.eq(self.left - self.length)]
