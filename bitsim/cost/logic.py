"""Energy and area of adders and gates, from a technology's figures."""

from __future__ import annotations

from bitsim.cost.quote import Quote

GATES_SOURCE = (
    "gate counts: yosys 0.66, `synth -flatten; abc -g AND,NAND,OR,NOR,XOR,XNOR,MUX,AOI3,OAI3,"
    "AOI4,OAI4; stat -tech cmos`, transistors / 4"
)
# NAND2 equivalents, counted as GATES_SOURCE says, with the decoders of bitsim/gateware.
ADD8_GATES = 70.0  # y = a + b, 8 bits
SELECT_GATES_PER_BIT = 4.5  # (a ^ negative) & nonzero
DECODER_GATES = {"2bit": 6.0, "base3": 212.5}  # for each byte of packed weights

FLOP_LIMIT_BYTES = 1024  # smaller memories are flip-flops, larger ones SRAM


def add_pj(quote: Quote, bits: float) -> float:
    """An integer add of `bits`: on the line through the 8-bit and the 32-bit figure."""
    low, high = quote.figure("int8_add_pj"), quote.figure("int32_add_pj")
    return max(0.0, low + (bits - 8) * (high - low) / 24)


def gate_pj(quote: Quote) -> float:
    """One NAND2 equivalent at work: an estimate, the 8-bit adder's energy over its gates."""
    quote.estimated(GATES_SOURCE)
    return quote.figure("int8_add_pj") / ADD8_GATES


def gate_um2(quote: Quote) -> float:
    """One NAND2 equivalent."""
    quote.estimated(GATES_SOURCE)
    return quote.figure("nand2_um2")


def storage_pj_per_bit(quote: Quote, capacity_bytes: int) -> float:
    """A bit written or read: flip-flops below 1 KB, SRAM above."""
    if capacity_bytes < FLOP_LIMIT_BYTES:
        return quote.figure("flip_flop_pj")
    return quote.sram_pj_per_bit(capacity_bytes)


def storage_um2_per_bit(quote: Quote, capacity_bytes: int) -> float:
    """A bit held: flip-flops below 1 KB, SRAM above."""
    if capacity_bytes < FLOP_LIMIT_BYTES:
        return quote.figure("flip_flop_um2")
    return quote.figure("sram_bit_um2")


def storage_name(capacity_bytes: int) -> str:
    """For people."""
    return "flip-flops" if capacity_bytes < FLOP_LIMIT_BYTES else "SRAM"
