"""From one byte of packed weights to the codes that steer the lanes."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.once import Platform, once
from bitsim.spec.encoding import WEIGHTS_PER_BYTE, Packing

CODE = data.StructLayout({"nonzero": unsigned(1), "negative": unsigned(1)})


class Decoder(wiring.Component):
    """Combinational.

    packed_byte   first weight the lowest digit
    codes         one for each of its weights; `negative` only together with `nonzero`. A reserved
                  digit of `2bit` decodes to weight 0
    reserved      a byte of `base3` that stands for no weights; `codes` are then of no use. It
                  costs nothing as the reset of the registers that take them
    """

    module = "decoder"
    clocked = False

    def __init__(self, packing: Packing) -> None:
        self.packing = packing
        self.count = WEIGHTS_PER_BYTE[packing]
        super().__init__(
            {
                "packed_byte": In(8),
                "codes": Out(data.ArrayLayout(CODE, self.count)),
                "reserved": Out(1),
            }
        )

    @once
    def elaborate(self, platform: Platform | None) -> Module:
        m = Module()
        if self.packing == "2bit":
            for place in range(self.count):
                digit = self.packed_byte.word_select(place, 2)
                m.d.comb += self.codes[place].nonzero.eq(~digit[0])  # digits 0 and 2
                m.d.comb += self.codes[place].negative.eq(digit == 0)
            return m
        byte = self.packed_byte
        # 243 and above, without the carry chain that a comparison would be made of.
        m.d.comb += self.reserved.eq(byte[4:].all() & (byte[3] | byte[2] | (byte[1] & byte[0])))
        for place, digit in enumerate(_base3_digits(m, byte)):
            m.d.comb += self.codes[place].nonzero.eq(~digit[0])
            m.d.comb += self.codes[place].negative.eq(digit == 0)
        return m


def _base3_digits(m: Module, byte: Value) -> list[Value]:
    """The base-3 digits of a number below 243, lowest first, two bits each.

    Horner's rule, two bits a step from the top: each digit becomes (4 digit + carry) mod 3, and
    the quotient is the carry into the next. So every bit is a function of four, a LUT's worth;
    and what leaves the highest digit of a step is the digit above it.
    """
    digits: list[Value] = [Const(0, 2)]
    for step in range(4):
        carry: Value = byte.word_select(3 - step, 2)
        for place, digit in enumerate(digits):
            digits[place], carry = _times_four_plus(m, digit, carry, f"step{step}_digit{place}")
        digits.append(carry)
    return digits


def _times_four_plus(m: Module, digit: Value, carry: Value, name: str) -> tuple[Signal, Signal]:
    """(4 digit + carry) mod 3, and the quotient; digit 0 to 2, carry 0 to 3."""
    two, one = digit[1], digit[0]
    zero = ~(two | one)
    c1, c0 = carry[1], carry[0]
    rest = Signal(2, name=name)
    quotient = Signal(2, name=f"{name}_carry")
    m.d.comb += [
        rest[0].eq((zero & ~c1 & c0) | (one & ~c1 & ~c0) | (one & c1 & c0) | (two & c1 & ~c0)),
        rest[1].eq((zero & c1 & ~c0) | (one & ~c1 & c0) | (two & ~c1 & ~c0) | (two & c1 & c0)),
        quotient[0].eq((zero & c1 & c0) | (one & ~c1) | (two & c1) | (two & c0)),
        quotient[1].eq((one & c1) | two),
    ]
    return rest, quotient
