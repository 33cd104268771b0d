"""From one byte of packed weights to the codes that steer the lanes."""

from __future__ import annotations

from amaranth.hdl import Module, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from bitsim.spec.encoding import RADIX, WEIGHTS_PER_BYTE, Packing

CODE = data.StructLayout({"nonzero": unsigned(1), "negative": unsigned(1)})


class Decoder(wiring.Component):
    """Combinational. A reserved byte or digit decodes to weight 0.

    packed_byte   first weight the lowest digit
    codes         one for each of its weights; `negative` only together with `nonzero`
    """

    clocked = False

    def __init__(self, packing: Packing) -> None:
        self.packing = packing
        self.count = WEIGHTS_PER_BYTE[packing]
        super().__init__({"packed_byte": In(8), "codes": Out(data.ArrayLayout(CODE, self.count))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.packing == "2bit":
            for place in range(self.count):
                digit = self.packed_byte.word_select(place, 2)
                m.d.comb += self.codes[place].nonzero.eq(~digit[0])  # digits 0 and 2
                m.d.comb += self.codes[place].negative.eq(digit == 0)
            return m
        # A table of 8 inputs: a few LUTs for each output, and one lookup in a simulator.
        with m.Switch(self.packed_byte):
            for byte in range(RADIX[self.packing] ** self.count):
                with m.Case(byte):
                    m.d.comb += self.codes.as_value().eq(_codes_of(byte, self.count))
        return m


def _codes_of(byte: int, count: int) -> int:
    """The codes of a base-3 byte as one number, first weight in the lowest two bits."""
    codes = 0
    for place in range(count):
        digit = byte // 3**place % 3
        nonzero, negative = digit != 1, digit == 0
        codes |= (nonzero | negative << 1) << 2 * place
    return codes
