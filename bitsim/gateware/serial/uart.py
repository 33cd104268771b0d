"""A serial line: 8 data bits, no parity, 1 stop bit, lowest bit first; 1 when nothing is sent."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from bitsim.units import BITS_PER_BYTE

FRAME_BITS = BITS_PER_BYTE + 2
SAMPLES = 3  # of each bit, the majority counts


class UartTransmitter(wiring.Component):
    """Sends bytes one after the other.

    octets  taken when the stop bit of the one before has been sent
    line    registered
    """

    def __init__(self, divisor: int) -> None:
        self.divisor = divisor  # clock cycles of a bit
        super().__init__({"octets": In(stream.Signature(BITS_PER_BYTE)), "line": Out(1, init=1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        cycle = Signal(range(self.divisor))
        bits_left = Signal(range(FRAME_BITS + 1))
        shift = Signal(FRAME_BITS - 1)
        m.d.comb += self.octets.ready.eq(bits_left == 0)
        with m.If(bits_left == 0):
            with m.If(self.octets.valid):
                m.d.sync += [
                    self.line.eq(0),
                    shift.eq(Cat(self.octets.payload, Const(1, 1))),
                    bits_left.eq(FRAME_BITS),
                    cycle.eq(self.divisor - 1),
                ]
        with m.Elif(cycle != 0):
            m.d.sync += cycle.eq(cycle - 1)
        with m.Else():
            m.d.sync += [
                self.line.eq(shift[0]),
                shift.eq(Cat(shift[1:], Const(1, 1))),
                bits_left.eq(bits_left - 1),
                cycle.eq(self.divisor - 1),
            ]
        return m


class Reception(enum.Enum, shape=2):
    """What the receiver waits for."""

    START = 0  # the line falls
    BITS = 1  # the last sample of the next bit
    QUIET = 2  # the line is 1 again, after a frame that was none


class UartReceiver(wiring.Component):
    """Takes each bit as the majority of three samples an eighth of a bit apart, around its middle.

    Counts from the falling edge of each start bit, so a byte is right as long as the sender's
    clock is off by no more than some 3 %. A start bit whose majority is 1 was noise, and forgotten.

    line      from outside, in no relation to the clock
    octets    valid for one cycle, in the middle of the stop bit; whoever listens must take it
    broken    for one cycle: the stop bit was 0, and there is no byte
    quiet     nothing is being received
    """

    def __init__(self, divisor: int) -> None:
        self.divisor = divisor  # clock cycles of a bit
        super().__init__(
            {
                "line": In(1),
                "octets": Out(stream.Signature(BITS_PER_BYTE, always_ready=True)),
                "broken": Out(1),
                "quiet": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        level = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.line, level, init=1)
        apart = self.divisor // 8
        # Cycles from where the edge is seen, up to one late, to the last sample of a start bit.
        last = (self.divisor - 1) // 2 + apart
        state = Signal(Reception)
        cycle = Signal(range(max(self.divisor, last + 1)))  # before the last sample of a bit
        samples = Signal(SAMPLES - 1)  # those before
        majority = Signal()
        bits_left = Signal(range(FRAME_BITS))  # after the one that is sampled
        shift = Signal(BITS_PER_BYTE, reset_less=True)
        ones = sum((samples[i] for i in range(SAMPLES - 1)), start=level)
        m.d.comb += [
            majority.eq(ones > SAMPLES // 2),
            self.octets.payload.eq(shift),
            self.quiet.eq(state == Reception.START),
        ]
        with m.Switch(state):
            with m.Case(Reception.START):
                with m.If(~level):
                    m.d.sync += [
                        state.eq(Reception.BITS),
                        cycle.eq(last - 1),
                        bits_left.eq(FRAME_BITS - 1),
                    ]
            with m.Case(Reception.BITS):
                m.d.sync += cycle.eq(cycle - 1)
                with m.If((cycle == apart) | (cycle == 2 * apart)):
                    m.d.sync += samples.eq(Cat(level, samples))
                with m.If(cycle == 0):
                    m.d.sync += [
                        cycle.eq(self.divisor - 1),
                        bits_left.eq(bits_left - 1),
                        shift.eq(Cat(shift[1:], majority)),
                    ]
                    with m.If((bits_left == FRAME_BITS - 1) & majority):
                        m.d.sync += state.eq(Reception.START)
                    with m.Elif(bits_left == 0):
                        m.d.sync += state.eq(Reception.START)
                        # The stop bit itself is not kept.
                        m.d.sync += shift.eq(shift)
                        with m.If(majority):
                            m.d.comb += self.octets.valid.eq(1)
                        with m.Else():
                            m.d.comb += self.broken.eq(1)
                            m.d.sync += state.eq(Reception.QUIET)
            with m.Case(Reception.QUIET):
                with m.If(level):
                    m.d.sync += state.eq(Reception.START)
        return m
