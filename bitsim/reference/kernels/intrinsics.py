"""How an instruction that Python has no words for becomes a function inside numba kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.extending import intrinsic


def instruction(typed: Callable[..., Any]) -> Any:
    """`intrinsic`; numba's own annotation would make a call one that never returns."""
    return intrinsic(typed)


def element(context: Any, builder: Any, kind: Any, array: Any, place: Any) -> Any:
    """The address of flat place `place` of an array of numba type `kind` in C order."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [place])


def call(builder: Any, name: str, result: ir.Type, *arguments: Any) -> Any:
    """Call a function, or an intrinsic of LLVM, by its name."""
    signature = ir.FunctionType(result, [each.type for each in arguments])
    function = builder.module.globals.get(name) or ir.Function(builder.module, signature, name)
    return builder.call(function, arguments)
