"""Frames from the bytes of a serial line (docs/serial.md)."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.serial.frame_sender import CRC_BITS, crc_step
from bitsim.spec.host.serial_protocol import (
    CRC_BYTES,
    CRC_INIT,
    HEADER_BYTES,
    MAX_WORDS,
    RANGE_BYTES,
    SYNC,
    WORD_BYTES,
)
from bitsim.units import BITS_PER_BYTE

MAX_BODY_BYTES = RANGE_BYTES + WORD_BYTES * MAX_WORDS
WORD_BITS = WORD_BYTES * BITS_PER_BYTE


class FramePart(enum.Enum, shape=3):
    """What the next byte is."""

    SYNC = 0
    HEADER = 1
    RANGE = 2  # address and count
    DATA = 3
    CRC = 4
    REST = 5  # of a frame that is damaged; over when the line has been silent


class FrameReceiver(wiring.Component):
    """Takes frames while `listen` is 1, and forgets what it had begun while it is 0.

    octets, broken, quiet   of the UART
    arrived                 for one cycle, the cycle after a frame's last byte, or when a damaged
                            frame is over
    intact                  with it: the CRC is right
    kind ... count          of the frame, until the next begins; address and count only if the body
                            is long enough to have them
    store, place, word      words of data, as they come

    Bytes before a SYNC are dropped. A damaged frame ends when nothing has come for `silence`
    cycles, so that its rest is never taken for a frame.
    """

    def __init__(self, silence: int) -> None:
        self.silence = silence
        super().__init__(
            {
                "listen": In(1),
                "octets": In(stream.Signature(BITS_PER_BYTE, always_ready=True)),
                "broken": In(1),
                "quiet": In(1),
                "arrived": Out(1),
                "intact": Out(1),
                "kind": Out(BITS_PER_BYTE),
                "number": Out(BITS_PER_BYTE),
                "length": Out(16),
                "address": Out(WORD_BITS),
                "count": Out(16),
                "store": Out(1),
                "place": Out(range(MAX_WORDS)),
                "word": Out(WORD_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        part = Signal(FramePart)
        crc = Signal(CRC_BITS)
        left = Signal(range(MAX_BODY_BYTES + 1))  # bytes of the part after this one
        silent = Signal(range(self.silence + 1))
        m.d.sync += [self.arrived.eq(0), self.store.eq(0)]
        with m.If(self.store):
            m.d.sync += self.place.eq(self.place + 1)
        with m.If(self.octets.valid | self.broken | ~self.quiet):
            m.d.sync += silent.eq(0)
        with m.Elif(silent != self.silence):
            m.d.sync += silent.eq(silent + 1)

        with m.If(self.octets.valid):
            self._take(m, part, crc, left)
        with m.If(self.broken & (part != FramePart.SYNC)):
            m.d.sync += part.eq(FramePart.REST)
        with m.If((silent == self.silence) & (part != FramePart.SYNC)):
            m.d.sync += [part.eq(FramePart.SYNC), self.arrived.eq(1), self.intact.eq(0)]
        with m.If(~self.listen):
            m.d.sync += [part.eq(FramePart.SYNC), self.arrived.eq(0), self.store.eq(0)]
        return m

    def _take(self, m: Module, part: Signal, crc: Signal, left: Signal) -> None:
        """The next byte is there."""
        octet = self.octets.payload
        body_left = Signal(range(MAX_BODY_BYTES + 1))  # bytes of the body after the range
        byte_place = Signal(range(WORD_BYTES))
        header = Cat(self.kind, self.number, self.length)
        extent = Cat(self.address, self.count)
        m.d.sync += [crc.eq(crc_step(crc, octet)), left.eq(left - 1)]
        with m.Switch(part):
            with m.Case(FramePart.SYNC):
                with m.If(octet == SYNC):
                    m.d.sync += [
                        part.eq(FramePart.HEADER),
                        left.eq(HEADER_BYTES - 1),
                        crc.eq(CRC_INIT),
                    ]
            with m.Case(FramePart.HEADER):
                m.d.sync += header.eq(Cat(header[BITS_PER_BYTE:], octet))
                with m.If(left == 0):
                    m.d.sync += [self.place.eq(0), byte_place.eq(0)]
                    self._begin_body(m, part, left, body_left)
            with m.Case(FramePart.RANGE):
                m.d.sync += extent.eq(Cat(extent[BITS_PER_BYTE:], octet))
                with m.If((left == 0) & (body_left == 0)):
                    m.d.sync += [part.eq(FramePart.CRC), left.eq(CRC_BYTES - 1)]
                with m.Elif(left == 0):
                    m.d.sync += [part.eq(FramePart.DATA), left.eq(body_left - 1)]
            with m.Case(FramePart.DATA):
                m.d.sync += [
                    self.word.eq(Cat(self.word[BITS_PER_BYTE:], octet)),
                    byte_place.eq(byte_place + 1),
                    self.store.eq(byte_place == WORD_BYTES - 1),
                ]
                with m.If(left == 0):
                    m.d.sync += [part.eq(FramePart.CRC), left.eq(CRC_BYTES - 1)]
            with m.Case(FramePart.CRC):
                with m.If(left == 0):
                    with m.If(crc_step(crc, octet) == 0):
                        m.d.sync += [
                            part.eq(FramePart.SYNC),
                            self.arrived.eq(1),
                            self.intact.eq(1),
                        ]
                    with m.Else():
                        m.d.sync += part.eq(FramePart.REST)

    def _begin_body(self, m: Module, part: Signal, left: Signal, body_left: Signal) -> None:
        """The last byte of the header is there."""
        length = Signal.like(self.length, name="whole_length")
        m.d.comb += length.eq(Cat(self.length[BITS_PER_BYTE:], self.octets.payload))
        with m.If(length > MAX_BODY_BYTES):
            m.d.sync += part.eq(FramePart.REST)
        with m.Elif(length == 0):
            m.d.sync += [part.eq(FramePart.CRC), left.eq(CRC_BYTES - 1)]
        with m.Elif(length < RANGE_BYTES):
            m.d.sync += [part.eq(FramePart.RANGE), left.eq(length - 1), body_left.eq(0)]
        with m.Else():
            m.d.sync += [
                part.eq(FramePart.RANGE),
                left.eq(RANGE_BYTES - 1),
                body_left.eq(length - RANGE_BYTES),
            ]
