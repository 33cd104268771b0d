"""AVX2 vectors as values inside numba kernels: the few instructions that LLVM forms from no loop.

A kernel that uses them compiles only where `AVX2`. `Bytes` are 32 x 8 bits, `Words` 16 x 16 bits
and `Longs` 8 x 32 bits; all three stay in registers.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.core.registry import cpu_target
from numba.extending import models, register_model

from bitsim.reference.kernels.intrinsics import call, element, instruction

VECTOR_BYTES = 32

# What numba compiles for, which can be less than this machine has (NUMBA_CPU_FEATURES). The index
# of numba's cache holds the same string, so code for another processor is never loaded.
AVX2 = "+avx2" in cpu_target.target_context.codegen().magic_tuple()[2].split(",")

_BYTES = ir.VectorType(ir.IntType(8), 32)
_WORDS = ir.VectorType(ir.IntType(16), 16)
_LONGS = ir.VectorType(ir.IntType(32), 8)


class _Vector(types.Type):
    """A numba type whose values are one LLVM vector."""


class _BytesType(_Vector):
    pass


class _WordsType(_Vector):
    pass


class _LongsType(_Vector):
    pass


Bytes = _BytesType("Bytes")
Words = _WordsType("Words")
Longs = _LongsType("Longs")


def _register(numba_type: type, llvm_type: ir.Type) -> None:
    @register_model(numba_type)
    class Model(models.PrimitiveModel):
        def __init__(self, manager, type_):
            super().__init__(manager, type_, llvm_type)


_register(_BytesType, _BYTES)
_register(_WordsType, _WORDS)
_register(_LongsType, _LONGS)


@instruction
def load(typing, array, byte):
    """32 bytes from byte `byte` on of an array of bytes in C order; not checked, any alignment."""
    if not (isinstance(array, types.Array) and array.layout == "C" and array.dtype.bitwidth == 8):
        raise TypingError(f"load: {array} is not an array of bytes in C order")

    def generate(context, builder, signature, arguments):
        address = element(context, builder, array, *arguments)
        return builder.load(builder.bitcast(address, _BYTES.as_pointer()), align=1)

    return Bytes(array, types.intp), generate


@instruction
def load_words(typing, array, byte):
    """16 bytes from byte `byte` on of an array of int8 in C order as int16; not checked."""
    if not (isinstance(array, types.Array) and array.layout == "C" and array.dtype == types.int8):
        raise TypingError(f"load_words: {array} is not an array of int8 in C order")

    def generate(context, builder, signature, arguments):
        address = element(context, builder, array, *arguments)
        half = ir.VectorType(ir.IntType(8), 16)
        return builder.sext(
            builder.load(builder.bitcast(address, half.as_pointer()), align=1), _WORDS
        )

    return Words(array, types.intp), generate


@instruction
def as_words(typing, values):
    """The same 256 bits."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], _WORDS)

    return Words(Bytes), generate


@instruction
def prefetch(typing, array, place):
    """Ask for the cache line of flat place `place` of an array; beyond its end does no harm."""

    def generate(context, builder, signature, arguments):
        address = element(context, builder, array, *arguments)
        address = builder.bitcast(address, ir.IntType(8).as_pointer())
        flag = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [address.type, flag, flag, flag])
        name = "llvm.prefetch.p0"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        builder.call(function, [address, flag(0), flag(3), flag(1)])  # to read, all levels, data
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


@instruction
def digits(typing, codes, place):
    """Digit `place` (0 ... 3) of each byte: (codes >> 2 * place) & 3."""

    def generate(context, builder, signature, arguments):
        codes, place = arguments
        # AVX2 shifts no bytes: shift words, and the mask drops what came from the byte above.
        twice = builder.trunc(builder.shl(place, place.type(1)), ir.IntType(16))
        first = builder.insert_element(ir.Constant(_WORDS, None), twice, ir.IntType(32)(0))
        shift = builder.shuffle_vector(
            first, first, ir.Constant(ir.VectorType(ir.IntType(32), 16), None)
        )
        shifted = builder.lshr(builder.bitcast(codes, _WORDS), shift)
        return builder.and_(builder.bitcast(shifted, _BYTES), ir.Constant(_BYTES, [3] * 32))

    return Bytes(Bytes, types.intp), generate


@instruction
def multiply_pairs(typing, unsigned, signed):
    """`vpmaddubsw`: unsigned times signed bytes, two neighbours added; saturates at int16."""

    def generate(context, builder, signature, arguments):
        return call(builder, "llvm.x86.avx2.pmadd.ub.sw", _WORDS, *arguments)

    return Words(Bytes, Bytes), generate


@instruction
def multiply_words(typing, a, b):
    """`vpmaddwd`: int16 times int16, two neighbours added as int32; exact unless all are -32768."""

    def generate(context, builder, signature, arguments):
        return call(builder, "llvm.x86.avx2.pmadd.wd", _LONGS, *arguments)

    return Longs(Words, Words), generate


@instruction
def add_words(typing, a, b):
    """`vpaddw`: 16 sums, int16, which wrap."""
    return Words(Words, Words), lambda context, builder, signature, ab: builder.add(*ab)


@instruction
def add_longs(typing, a, b):
    """`vpaddd`: 8 sums, int32, which wrap."""
    return Longs(Longs, Longs), lambda context, builder, signature, ab: builder.add(*ab)


@instruction
def widen(typing, words):
    """`vpmaddwd` by ones: two neighbouring int16 added as int32."""

    def generate(context, builder, signature, arguments):
        ones = ir.Constant(_WORDS, [1] * 16)
        return call(builder, "llvm.x86.avx2.pmadd.wd", _LONGS, arguments[0], ones)

    return Longs(Words), generate


@instruction
def total(typing, longs):
    """Sum of the 8 int32."""

    def generate(context, builder, signature, arguments):
        return call(builder, "llvm.vector.reduce.add.v8i32", ir.IntType(32), *arguments)

    return types.int32(Longs), generate


@instruction
def no_words(typing):
    """16 times 0."""
    return Words(), lambda context, builder, signature, none: ir.Constant(_WORDS, None)


@instruction
def no_longs(typing):
    """8 times 0."""
    return Longs(), lambda context, builder, signature, none: ir.Constant(_LONGS, None)
