"""Frames to the bytes of a serial line (docs/serial.md)."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from bitsim.spec.host.serial_protocol import (
    CRC_BYTES,
    CRC_INIT,
    CRC_POLYNOMIAL,
    HEADER_BYTES,
    MAX_WORDS,
    SYNC,
    WORD_BYTES,
)
from bitsim.units import BITS_PER_BYTE

WORD_BITS = WORD_BYTES * BITS_PER_BYTE
CRC_BITS = CRC_BYTES * BITS_PER_BYTE
MAX_BODY_BYTES = MAX_WORDS * WORD_BYTES


def crc_step(crc: Value, octet: Value) -> Value:
    """CRC-16/IBM-3740 with one more byte; each bit an exclusive or of bits of both."""
    bits = list(crc)
    for place in reversed(range(BITS_PER_BYTE)):  # highest bit first
        feedback = bits[-1] ^ octet[place]
        shifted: list[Value] = [Const(0, 1), *bits[:-1]]
        bits = [
            bit ^ feedback if CRC_POLYNOMIAL >> number & 1 else bit
            for number, bit in enumerate(shifted)
        ]
    return Cat(bits)


class SentPart(enum.Enum, shape=3):
    """What the next byte is."""

    NONE = 0
    SYNC = 1
    HEADER = 2
    BODY = 3
    CRC = 4


class FrameSender(wiring.Component):
    """Sends one frame for each `start`.

    start           while not `busy`; kind to code are held until it is no longer busy
    length          bytes of the body
    coded           the body is `code` (its length 1), not words
    place, word     words of the body: `word` is that at `place`, one cycle later
    octets          to the UART, which takes more than two cycles for a byte
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "start": In(1),
                "busy": Out(1),
                "kind": In(BITS_PER_BYTE),
                "number": In(BITS_PER_BYTE),
                "length": In(range(MAX_BODY_BYTES + 1)),
                "coded": In(1),
                "code": In(BITS_PER_BYTE),
                "place": Out(range(MAX_WORDS)),
                "word": In(WORD_BITS),
                "octets": Out(stream.Signature(BITS_PER_BYTE)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        part = Signal(SentPart)
        crc = Signal(CRC_BITS)
        sent = Signal(range(MAX_BODY_BYTES + 1))  # bytes of the part
        header = Signal(HEADER_BYTES * BITS_PER_BYTE)
        octet = Signal(BITS_PER_BYTE)
        m.d.comb += [
            header.eq(Cat(self.kind, self.number, self.length)),
            self.busy.eq(part != SentPart.NONE),
            self.octets.valid.eq(part != SentPart.NONE),
            self.octets.payload.eq(octet),
            self.place.eq(sent // WORD_BYTES),
        ]
        with m.Switch(part):
            with m.Case(SentPart.SYNC):
                m.d.comb += octet.eq(SYNC)
            with m.Case(SentPart.HEADER):
                m.d.comb += octet.eq(header.word_select(sent[:2], BITS_PER_BYTE))
            with m.Case(SentPart.BODY):
                with m.If(self.coded):
                    m.d.comb += octet.eq(self.code)
                with m.Else():
                    m.d.comb += octet.eq(self.word.word_select(sent % WORD_BYTES, BITS_PER_BYTE))
            with m.Case(SentPart.CRC):
                m.d.comb += octet.eq(crc[BITS_PER_BYTE:])
        with m.If(self.octets.valid & self.octets.ready):
            m.d.sync += [sent.eq(sent + 1), crc.eq(crc_step(crc, octet))]
            with m.Switch(part):
                with m.Case(SentPart.SYNC):
                    m.d.sync += [part.eq(SentPart.HEADER), sent.eq(0), crc.eq(CRC_INIT)]
                with m.Case(SentPart.HEADER):
                    with m.If(sent == HEADER_BYTES - 1):
                        m.d.sync += sent.eq(0)
                        with m.If(self.length == 0):
                            m.d.sync += part.eq(SentPart.CRC)
                        with m.Else():
                            m.d.sync += part.eq(SentPart.BODY)
                with m.Case(SentPart.BODY):
                    with m.If(sent == self.length - 1):
                        m.d.sync += [part.eq(SentPart.CRC), sent.eq(0)]
                with m.Case(SentPart.CRC):
                    m.d.sync += crc.eq(Cat(crc[:BITS_PER_BYTE], crc[:BITS_PER_BYTE]))
                    with m.If(sent == CRC_BYTES - 1):
                        m.d.sync += part.eq(SentPart.NONE)
        with m.If((part == SentPart.NONE) & self.start):
            m.d.sync += part.eq(SentPart.SYNC)
        return m
