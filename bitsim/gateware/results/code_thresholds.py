"""Which sums get which int8 code: thresholds of the quantiser, without a multiplier."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.results.scale_divider import (
    CYCLE_BITS,
    LARGEST_CODE_BITS,
    SIGNIFICAND_BITS,
    ScaleDivider,
)

TABLE_CYCLES = 130  # 127 thresholds, one cycle before the first, two after the last
FRACTION_BITS = 8  # of the smallest distance: that of the first threshold with f = 17


class CodeThresholds(wiring.Component):
    """From the largest magnitude of a vector to the least sums of 127 codes (docs/top.md).

    With c = (2 k - 1) / 2, quotient and rest of c 2^f by S come from the divider in cycle k of
    TABLE. The distance by which c must be missed or exceeded moves the quotient by 0, 1 or 2.

    scale, step, table, cycle, largest   as of `ScaleDivider`, TABLE for TABLE_CYCLES
    write                                `threshold` is that of `code`; what is written last counts
    """

    def __init__(self, sum_bits: int) -> None:
        self.magnitude_bits = sum_bits - 1
        super().__init__(
            {
                "scale": In(1),
                "step": In(1),
                "table": In(1),
                "cycle": In(CYCLE_BITS),
                "largest": In(self.magnitude_bits),
                "write": Out(1),
                "code": Out(LARGEST_CODE_BITS),
                "threshold": Out(self.magnitude_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.divider = divider = ScaleDivider(self.magnitude_bits)
        for name in ("scale", "step", "table", "cycle", "largest"):
            m.d.comb += getattr(divider, name).eq(getattr(self, name))

        code_before = Signal(LARGEST_CODE_BITS)
        m.d.sync += [code_before.eq(self.cycle), self.code.eq(code_before)]
        m.d.comb += self.write.eq(self.table)
        past = self._past(m, divider, code_before)

        # The quotient comes two cycles after the rest.
        positive = Signal()
        above = Signal()
        carry = Signal()
        carry_before = Signal()
        over = Signal(len(past))
        quotient = Signal(self.magnitude_bits)
        m.d.comb += [
            over.eq(past - divider.significand),
            self.threshold.eq(_sum(quotient, above, positive)),
        ]
        m.d.sync += [
            positive.eq(~past[-1]),
            above.eq(~over[-1]),
            carry_before.eq(divider.carry),
            carry.eq(carry_before),
        ]
        with m.If(divider.half):
            m.d.sync += quotient.eq(divider.quotient)
        with m.Elif(self.table & (self.cycle > 2)):
            m.d.sync += quotient.eq(_sum(quotient, divider.quotient[: self.magnitude_bits], carry))
        return m

    def _past(self, m: Module, divider: ScaleDivider, code_before: Signal) -> Signal:
        """One less than what the rest and the distance are together, a cycle later.

        It is compared with -1 and with S: an even code is reached at the distance before c, an odd
        one only beyond the distance after c.
        """
        distance_bits = self.magnitude_bits + FRACTION_BITS
        distance = Signal(distance_bits)  # one bit is 1
        past = Signal(SIGNIFICAND_BITS + 2)
        even = Signal()
        whole = Cat(distance[FRACTION_BITS:], Const(0, len(past) + FRACTION_BITS - distance_bits))
        power = Signal()  # of two: the next code's distance is twice this one's
        m.d.comb += [
            even.eq(~self.cycle[0]),
            power.eq((self.cycle[:LARGEST_CODE_BITS] & code_before) == 0),
        ]
        m.d.sync += past.eq(divider.rest + (whole ^ even.replicate(len(past))))
        with m.If(self.scale & (self.cycle == 0)):
            m.d.sync += distance.eq(1)
        with m.Elif(divider.longer | (self.table & power & (self.cycle != 0))):
            m.d.sync += distance.eq(distance << 1)
        return past


def _sum(a: Signal, b: object, carry: Signal) -> object:
    """Of two numbers and a carry, in one adder."""
    return (Cat(Const(1, 1), a) + Cat(carry, b))[1 : len(a) + 1]
