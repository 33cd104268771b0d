"""The quantiser's scale, and powers of two divided by it: one divider, a bit a cycle."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

SIGNIFICAND_BITS = 24  # of f32, its hidden one included
LARGEST_CODE_BITS = 7  # of 127
CYCLE_BITS = 8  # of the cycles of a state


def scale_cycles(sum_bits: int) -> int:
    """Of the longest quotient of 127 and a magnitude, and its rounding."""
    return sum_bits + 24


def step_cycles(sum_bits: int) -> int:
    """Of the longest quotient of a power of two and the scale."""
    return sum_bits + 16


class ScaleDivider(wiring.Component):
    """S / 2^f = f32(127) / f32(largest), then 2^(f - 1) and 2^f by S, then multiples of 2^f by S.

    The first cycle of SCALE and of STEP loads, with the first bit of the quotient, which is known.

    scale, step, table   the state, for `scale_cycles`, `step_cycles`, and as long as wanted
    cycle                of the state, from 0 on
    largest              magnitude, wanted in cycle 0 of SCALE; a 0 is taken as 1
    longer               in SCALE: the exponent f becomes one more than 17
    half                 in STEP: `quotient` is the quotient of 2^(f - 1)
    significand          S, from cycle 1 of STEP on
    quotient             from the end of STEP on the quotient of 2^f
    rest                 in cycle k of TABLE, from 1 on, the rest of (2 k - 1) 2^(f - 1)
    carry                in cycle k of TABLE: the next quotient is one more than this one and 2^f's
    """

    def __init__(self, magnitude_bits: int) -> None:
        assert magnitude_bits <= SIGNIFICAND_BITS
        super().__init__(
            {
                "scale": In(1),
                "step": In(1),
                "table": In(1),
                "cycle": In(CYCLE_BITS),
                "largest": In(magnitude_bits),
                "longer": Out(1),
                "half": Out(1),
                "significand": Out(SIGNIFICAND_BITS),
                "quotient": Out(SIGNIFICAND_BITS),
                "rest": Out(SIGNIFICAND_BITS),
                "carry": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rest, quotient = self.rest, self.quotient
        divisor = self.significand  # in SCALE the magnitude
        other_rest = Signal(SIGNIFICAND_BITS)
        raised = Signal(SIGNIFICAND_BITS + 1)  # before the divisor is taken off
        left = Signal(SIGNIFICAND_BITS + 2)  # after it, in two's complement
        fits = Signal()
        first = Signal()
        ones = Signal()
        steps = Signal(6)  # f, once SCALE has ended; then those that are left
        next_bit = Signal()
        m.d.comb += [
            first.eq(self.cycle == 0),
            ones.eq(self.scale & (self.cycle < LARGEST_CODE_BITS)),  # the dividend is 127
            raised.eq(Mux(self.table, rest + other_rest, Cat(ones, rest))),
            left.eq(raised - divisor),
            fits.eq(~left[-1]),
            self.carry.eq(fits),
            next_bit.eq(Mux(self.scale, ~quotient[-1], steps != 0) & ~first),
            self.half.eq(self.step & (steps == 1)),
            # A significand needs 24 steps, and 7 more bits of the dividend than of 2^f.
            self.longer.eq(self.scale & next_bit & (self.cycle >= SIGNIFICAND_BITS)),
        ]
        with m.If(self.table):
            m.d.sync += rest.eq(Mux(first, other_rest, Mux(fits, left, raised)))
            with m.If(first):
                m.d.sync += other_rest.eq(rest)
        with m.Elif(next_bit):
            m.d.sync += [
                rest.eq(Mux(fits, left, raised)),
                quotient.eq(Cat(fits, quotient[:-1])),
                steps.eq(Mux(self.scale, steps + 1, steps - 1)),
            ]
            with m.If(self.half):
                m.d.sync += other_rest.eq(rest)

        # What is left beyond the significand rounds it, half to even.
        at_least_half = Signal()
        beyond_half = Signal()
        m.d.sync += [at_least_half.eq(fits), beyond_half.eq(Cat(Const(0, 1), rest) != divisor)]
        smallest = Signal()
        m.d.comb += smallest.eq(self.largest[1:] == 0)  # 1, or 0
        with m.If(self.scale & first):
            m.d.sync += [
                divisor.eq(self.largest | smallest),
                rest.eq(~smallest),
                quotient.eq(smallest),
                steps.eq(1 - LARGEST_CODE_BITS),
            ]
        with m.If(self.step & first):
            m.d.sync += [
                divisor.eq(quotient + (at_least_half & (beyond_half | quotient[0]))),
                rest.eq(2),
                quotient.eq(0),
                steps.eq(steps - 1),
            ]
        return m
