"""CRC-16/IBM-3740, a byte at a time."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Value

from bitsim.spec.host.serial_protocol import CRC_POLYNOMIAL
from bitsim.units import BITS_PER_BYTE

CRC_BITS = 16


def crc_step(crc: Value, octet: Value) -> Value:
    """The CRC with one more byte; each bit an exclusive or of bits of both."""
    bits = list(crc)
    for place in reversed(range(BITS_PER_BYTE)):  # highest bit first
        feedback = bits[-1] ^ octet[place]
        shifted: list[Value] = [Const(0, 1), *bits[:-1]]
        bits = [
            bit ^ feedback if CRC_POLYNOMIAL >> number & 1 else bit
            for number, bit in enumerate(shifted)
        ]
    return Cat(bits)
