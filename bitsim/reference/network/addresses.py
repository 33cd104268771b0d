"""The weights of all layers by their addresses, so that one kernel takes any number of layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numba import types
from numba.np.numpy_support import carray
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.reference.kernels.intrinsics import instruction
from bitsim.reference.network.layer import Layer
from bitsim.spec.network import NetworkSpec

Q_PROJ, K_PROJ, V_PROJ, O_PROJ, GATE_PROJ, UP_PROJ, DOWN_PROJ = range(7)


@dataclass(frozen=True, eq=False)
class Addresses:
    """Where the weights of a network are.

    matrices  (layers, 7)  int64, of packed codes: q k v o gate up down
    scales    (layers, 7)  float32
    gains     (layers, 4)  int64, of float32: before qkv, o, gate_up, down
    held      the arrays themselves
    """

    matrices: NDArray[np.int64]
    scales: NDArray[np.float32]
    gains: NDArray[np.int64]
    held: tuple[NDArray[np.uint8] | NDArray[np.float32], ...]

    @classmethod
    def of(cls, spec: NetworkSpec, layers: Sequence[Layer]) -> Self:
        """Of layers whose arrays have the shapes that the spec says."""
        codes, scales, gains = [], [], []
        for index, layer in enumerate(layers):
            shapes = [(n, p.k) for p in spec.products(index) for n in p.rows]
            matrices = [matrix for matrices in layer.products for matrix in matrices]
            assert [(matrix.n, matrix.k) for matrix in matrices] == shapes
            codes += [np.ascontiguousarray(matrix.packed) for matrix in matrices]
            scales.append([matrix.scale for matrix in matrices])
            norms = (layer.input_norm, layer.attention_norm, layer.ffn_input_norm, layer.ffn_norm)
            for norm, product in zip(norms, spec.products(index), strict=True):
                assert norm.shape == (product.k,)
                assert norm.dtype == np.float32
                gains.append(np.ascontiguousarray(norm))
        return cls(
            np.array([array.ctypes.data for array in codes], np.int64).reshape(-1, 7),
            np.array(scales, np.float32),
            np.array([array.ctypes.data for array in gains], np.int64).reshape(-1, 4),
            (*codes, *gains),
        )


@instruction
def _pointer(typing, address, like):
    """A pointer to values of the type of `like`."""
    pointed = types.CPointer(like)

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(pointed))

    return pointed(types.int64, like), generate


@njit(cache=True)
def codes_at(address, n, k):
    """The packed codes of a matrix: (n, ceil(k / 4)) uint8."""
    return carray(_pointer(address, np.uint8(0)), (n, (k + 3) // 4))


@njit(cache=True)
def gains_at(address, k):
    """Gains: (k,) float32."""
    return carray(_pointer(address, np.float32(0)), (k,))
