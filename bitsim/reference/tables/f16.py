"""Values as F16 (IEEE 754 binary16), little-endian."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from bitsim.kernels import njit
from bitsim.reference.kernels.floats import LANES
from bitsim.reference.kernels.lanes import WIDTH, Lanes, fold, load_lanes, multiply_add, no_lanes

BLOCK, BLOCK_BYTES = 1, 2

# What numba compiles for; see `bitsim.reference.kernels.vectors.AVX2`.
F16C = "+f16c" in cpu_target.target_context.codegen().magic_tuple()[2].split(",")

SMALLEST_NORMAL = np.float32(2.0**-14)


@njit(cache=True)
def _size(bits):
    wide = np.uint32(np.uint32(bits) & np.uint32(0x7FFF)) << np.uint32(13)
    if wide < np.uint32(1 << 23):  # no normal number: 2^-14 is put in front, and taken away
        return np.uint32(wide + np.uint32(113 << 23)).view(np.float32) - SMALLEST_NORMAL
    return np.uint32(wide + np.uint32(112 << 23)).view(np.float32)  # f32's exponents have 112 more


@njit(cache=True)
def widen_portable(bits):
    """The f32 of the 16 bits of a finite F16; exact."""
    return -_size(bits) if bits >= np.uint16(0x8000) else _size(bits)


def _instruction(typed: Any) -> Any:
    return intrinsic(typed)


@_instruction
def widen_f16c(typing, bits):
    """The same by `vcvtph2ps`; compiles only where `F16C`."""

    def generate(context, builder, signature, arguments):
        half = builder.bitcast(arguments[0], ir.HalfType())
        return builder.fpext(half, ir.FloatType())

    return types.float32(types.uint16), generate


widen = widen_f16c if F16C else widen_portable


@njit(cache=True)
def decode(raw, out):
    """A row: raw (2 k,) uint8 to out (k,) float32; exact."""
    bits = raw.view(np.uint16)
    for place in range(out.shape[0]):
        out[place] = widen(bits[place])


@_instruction
def _load_halves(typing, raw, place):
    """WIDTH F16 from value `place` on of a row of bytes; compiles only where `F16C`."""

    def generate(context, builder, signature, arguments):
        start = context.make_array(raw)(context, builder, arguments[0]).data
        address = builder.gep(start, [builder.shl(arguments[1], arguments[1].type(1))])
        halves = ir.VectorType(ir.HalfType(), WIDTH)
        values = builder.load(builder.bitcast(address, halves.as_pointer()), align=2)
        return builder.fpext(values, ir.VectorType(ir.FloatType(), WIDTH))

    return Lanes(raw, types.intp), generate


@njit(cache=True)
def _dot_f16c(raw, x, values):
    """`floats.dot` of a row and x (k,) float32, k a multiple of LANES; reads the row in place.

    values  (k,) float32, a scratch for the portable path
    """
    low = high = no_lanes()
    for place in range(0, x.shape[0], LANES):
        low = multiply_add(low, _load_halves(raw, place), load_lanes(x, place))
        more = place + WIDTH
        high = multiply_add(high, _load_halves(raw, more), load_lanes(x, more))
    return fold(low, high)


@njit(cache=True)
def dot_portable(raw, x, values):
    """The same through the scratch."""
    decode(raw, values)
    low = high = no_lanes()
    for place in range(0, x.shape[0], LANES):
        low = multiply_add(low, load_lanes(values, place), load_lanes(x, place))
        more = place + WIDTH
        high = multiply_add(high, load_lanes(values, more), load_lanes(x, more))
    return fold(low, high)


dot = _dot_f16c if F16C else dot_portable


@njit(cache=True)
def finite(raw):
    """Whether no value of a row is infinite or NaN."""
    bits = raw.view(np.uint16)
    found = np.uint16(0)
    for place in range(bits.shape[0]):
        found |= np.uint16((bits[place] & np.uint16(0x7C00)) == np.uint16(0x7C00))
    return found == 0
