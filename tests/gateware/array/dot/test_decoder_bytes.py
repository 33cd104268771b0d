"""The decoder against the encoding, byte by byte."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.sim import Simulator, SimulatorContext

from bitsim.gateware.array.dot.decoder import Decoder
from bitsim.spec.encoding import PACKINGS, Packing, byte_table


def decoded(packing: Packing) -> list[list[int]]:
    """The weights that the decoder makes of each of the 256 bytes."""
    decoder = Decoder(packing)
    rows: list[list[int]] = []

    async def bench(ctx: SimulatorContext) -> None:
        for byte in range(256):
            ctx.set(decoder.packed_byte, byte)
            await ctx.delay(1e-6)
            codes = [decoder.codes[place] for place in range(decoder.count)]
            if ctx.get(decoder.reserved):
                rows.append([0] * decoder.count)  # the registers that take the codes are reset
                continue
            signs = [(ctx.get(code.nonzero), ctx.get(code.negative)) for code in codes]
            assert (0, 1) not in signs, "negative without nonzero"
            rows.append([0 if not nonzero else 1 - 2 * negative for nonzero, negative in signs])

    simulator = Simulator(decoder)
    simulator.add_testbench(bench)
    simulator.run()
    return rows


@pytest.mark.parametrize("packing", PACKINGS)
def test_every_byte_decodes_as_the_encoding_says_and_reserved_ones_to_zero(
    packing: Packing,
) -> None:
    table = byte_table(packing)
    # A whole byte is reserved in base 3, a digit in 2bit, which its decoder itself makes 0.
    assert np.array_equal(decoded(packing), np.where(table > 1, 0, table))
