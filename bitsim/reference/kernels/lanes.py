"""16 floats as one value inside numba kernels, added up in the order of `floats.dot`.

LLVM makes of it whatever vectors a processor has. No operation here may be contracted to a fused
one, and none is reordered: the bits are the same as in the plain loops of `floats`.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import models, register_model

from bitsim.reference.kernels.intrinsics import element, instruction

WIDTH = 16
LINE_BYTES = 64  # of a cache line: a vector that lies across two takes two reads

_FLOAT = ir.FloatType()
_LANES = ir.VectorType(_FLOAT, WIDTH)
_PLACES = ir.VectorType(ir.IntType(32), WIDTH)


class _LanesType(types.Type):
    """A numba type whose values are one LLVM vector of 16 float32."""


Lanes = _LanesType("Lanes")


@register_model(_LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, type_):
        super().__init__(manager, type_, _LANES)


def _require_floats(array, what):
    if not (
        isinstance(array, types.Array) and array.layout == "C" and array.dtype == types.float32
    ):
        raise TypingError(f"{what}: {array} is not an array of float32 in C order")


@instruction
def load_lanes(typing, array, place):
    """16 floats from flat place `place` on of an array in C order; not checked."""
    _require_floats(array, "load_lanes")

    def generate(context, builder, signature, arguments):
        address = element(context, builder, array, *arguments)
        return builder.load(builder.bitcast(address, _LANES.as_pointer()), align=4)

    return Lanes(array, types.intp), generate


@instruction
def line_place(typing, array):
    """The first flat place of a float32 array that a cache line begins with."""
    _require_floats(array, "line_place")

    def generate(context, builder, signature, arguments):
        word = ir.IntType(64)
        start = context.make_array(array)(context, builder, arguments[0]).data
        missing = builder.and_(builder.neg(builder.ptrtoint(start, word)), word(LINE_BYTES - 1))
        return builder.lshr(missing, word(2))

    return types.intp(array), generate


@instruction
def store_lanes(typing, array, place, lanes):
    """The other way round; not checked."""
    _require_floats(array, "store_lanes")

    def generate(context, builder, signature, arguments):
        address = element(context, builder, array, *arguments[:2])
        builder.store(arguments[2], builder.bitcast(address, _LANES.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, Lanes), generate


@instruction
def no_lanes(typing):
    """16 times 0."""
    return Lanes(), lambda context, builder, signature, none: ir.Constant(_LANES, None)


@instruction
def load_same(typing, array, place):
    """16 times the float at flat place `place`; not checked."""
    _require_floats(array, "load_same")

    def generate(context, builder, signature, arguments):
        value = builder.load(element(context, builder, array, *arguments))
        first = builder.insert_element(ir.Constant(_LANES, None), value, ir.IntType(32)(0))
        return builder.shuffle_vector(first, first, ir.Constant(_PLACES, None))

    return Lanes(array, types.intp), generate


@instruction
def multiply_add(typing, total, x, y):
    """total + x * y, rounded twice."""

    def generate(context, builder, signature, arguments):
        total, x, y = arguments
        return builder.fadd(total, builder.fmul(x, y))

    return Lanes(Lanes, Lanes, Lanes), generate


def _halves(builder, x, y):
    """[x0 + x1, y0 + y1], each half as wide as x and y were."""
    half = x.type.count // 2

    def joined(first):
        places = [start + first + i for start in (0, 2 * half) for i in range(half)]
        kind = ir.VectorType(ir.IntType(32), 2 * half)
        return builder.shuffle_vector(x, y, ir.Constant(kind, places))

    return builder.fadd(joined(0), joined(half))


def _parts(builder, vector, width):
    """The `width`-wide parts of a vector, one above the other: low halves of each, high halves."""
    count = vector.type.count // width
    half = width // 2

    def gathered(first):
        places = [part * width + first + i for part in range(count) for i in range(half)]
        kind = ir.VectorType(ir.IntType(32), len(places))
        return builder.shuffle_vector(vector, vector, ir.Constant(kind, places))

    return builder.fadd(gathered(0), gathered(half))


@instruction
def fold(typing, low, high):
    """Sum of 32 partial sums, in halves: 16 + 16, 8 + 8, ... (`floats.dot`)."""

    def generate(context, builder, signature, arguments):
        sums = builder.fadd(*arguments)
        while sums.type.count > 1:
            sums = _parts(builder, sums, sums.type.count)
        return builder.extract_element(sums, ir.IntType(32)(0))

    return types.float32(Lanes, Lanes), generate


@instruction
def store_folds(typing, array, place, lows, highs, scale):
    """`fold` of four pairs, each times `scale`, side by side from flat place `place` on.

    lows, highs  four Lanes each
    """
    _require_floats(array, "store_folds")

    def generate(context, builder, signature, arguments):
        value, place, lows, highs, scale = arguments
        a, b, c, d = (
            builder.fadd(builder.extract_value(lows, i), builder.extract_value(highs, i))
            for i in range(4)
        )
        ab, cd = _halves(builder, a, b), _halves(builder, c, d)
        low = [start + i for start in (0, 8, 16, 24) for i in range(4)]
        high = [each + 4 for each in low]
        sums = builder.fadd(
            builder.shuffle_vector(ab, cd, ir.Constant(_PLACES, low)),
            builder.shuffle_vector(ab, cd, ir.Constant(_PLACES, high)),
        )
        sums = _parts(builder, _parts(builder, sums, 4), 2)
        first = builder.insert_element(ir.Constant(sums.type, None), scale, ir.IntType(32)(0))
        places = ir.Constant(ir.VectorType(ir.IntType(32), 4), None)
        scaled = builder.fmul(sums, builder.shuffle_vector(first, first, places))
        address = element(context, builder, array, value, place)
        builder.store(scaled, builder.bitcast(address, scaled.type.as_pointer()), align=4)
        return context.get_dummy_value()

    four = types.UniTuple(Lanes, 4)
    return types.void(array, types.intp, four, four, types.float32), generate
