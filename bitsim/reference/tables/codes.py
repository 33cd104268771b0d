"""32 codes at a time that become 32 floats.

LLVM makes of these vectors whatever the processor has, so they compile everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic, models, register_model

WIDTH = 32

_CODES = ir.VectorType(ir.IntType(8), WIDTH)
_FLOATS = ir.VectorType(ir.FloatType(), WIDTH)


class _CodesType(types.Type):
    """A numba type whose values are one LLVM vector of 32 bytes."""


Codes = _CodesType("Codes")


@register_model(_CodesType)
class _CodesModel(models.PrimitiveModel):
    def __init__(self, manager, type_):
        super().__init__(manager, type_, _CODES)


def _instruction(typed: Callable[..., Any]) -> Any:
    """`intrinsic`; numba's own annotation would make a call one that never returns."""
    return intrinsic(typed)


def _address(context, builder, array, value, place, vector):
    start = context.make_array(array)(context, builder, value).data
    return builder.bitcast(builder.gep(start, [place]), vector.as_pointer())


def _require(array, bits):
    if not (isinstance(array, types.Array) and array.layout == "C" and array.ndim == 1):
        raise TypingError(f"{array} is not a vector in C order")
    if array.dtype.bitwidth != bits:
        raise TypingError(f"{array} has not {bits} bits for each value")


def _same(builder, value, vector):
    first = builder.insert_element(ir.Constant(vector, None), value, ir.IntType(32)(0))
    places = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), None)
    return builder.shuffle_vector(first, first, places)


@_instruction
def load_codes(typing, array, place):
    """32 bytes from `place` on of a vector of bytes; not checked."""
    _require(array, 8)

    def generate(context, builder, signature, arguments):
        value, place = arguments
        address = _address(context, builder, array, value, place, _CODES)
        return builder.load(address, align=1)

    return Codes(array, types.intp), generate


@_instruction
def bits(typing, codes, shift, mask):
    """(code >> shift) & mask of each."""

    def generate(context, builder, signature, arguments):
        codes, shift, mask = arguments
        shifted = builder.lshr(codes, _same(builder, shift, _CODES))
        return builder.and_(shifted, _same(builder, mask, _CODES))

    return Codes(Codes, types.uint8, types.uint8), generate


@_instruction
def joined(typing, low, high):
    """low | high << 4 of each."""

    def generate(context, builder, signature, arguments):
        low, high = arguments
        return builder.or_(low, builder.shl(high, ir.Constant(_CODES, [4] * WIDTH)))

    return Codes(Codes, Codes), generate


@_instruction
def store_scaled(typing, codes, zero, low_scale, high_scale, array, place):
    """float32(int8(code - zero)) * scale to `place` on; the halves have a scale each."""
    _require(array, 32)

    def generate(context, builder, signature, arguments):
        codes, zero, low_scale, high_scale, value, place = arguments
        centred = builder.sub(codes, _same(builder, zero, _CODES))
        halves = [i + i // 16 * 16 for i in range(WIDTH)]  # of the low scale, then of the high one
        scales = builder.shuffle_vector(
            _same(builder, low_scale, _FLOATS),
            _same(builder, high_scale, _FLOATS),
            ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), halves),
        )
        values = builder.fmul(scales, builder.sitofp(centred, _FLOATS))
        address = _address(context, builder, array, value, place, _FLOATS)
        builder.store(values, address, align=4)
        return context.get_dummy_value()

    f32 = types.float32
    return types.void(Codes, types.uint8, f32, f32, array, types.intp), generate
