"""The exact ternary product: int32 sums of int8 activations under 2-bit weight codes."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.reference.kernels import threads, vectors
from bitsim.reference.kernels.product import avx2, portable
from bitsim.spec.ternary import TernaryMatrix
from bitsim.trace.event import Event
from bitsim.units import ceil_div

ProductFn = Callable[[Event], NDArray[np.int32]]  # an event to its (m, n) sums

PATH = avx2 if vectors.AVX2 else portable  # the fastest for this processor


@njit(inline="always")
def planes_of_token(activations, planes):
    """`_planes` of one token: activations (k,), planes (4, bytes); the sum of the activations."""
    k = activations.shape[0]
    whole = k // 4
    for place in range(4):
        plane = planes[place]
        for byte in range(whole):
            plane[byte] = activations[4 * byte + place]
        if whole < plane.shape[0]:
            column = 4 * whole + place
            plane[whole] = activations[column] if column < k else np.int8(0)
    total = np.int32(0)
    for column in range(k):
        total += np.int32(activations[column])
    return np.int32(total)


def _planes(activations: NDArray[np.int8]) -> NDArray[np.int8]:
    """Activations (m, k) as the four places of a code byte meet them; those beyond k are 0.

    returns  (m, 4, ceil(k / 4))  int8: activation 4 * byte + place
    """
    m, k = activations.shape
    row_bytes = ceil_div(k, 4)
    padded = np.zeros((m, 4 * row_bytes), np.int8)
    padded[:, :k] = activations
    return np.ascontiguousarray(padded.reshape(m, row_bytes, 4).transpose(0, 2, 1))


def multiply(
    matrices: tuple[TernaryMatrix, ...],
    activations: NDArray[np.int8],
    path: ModuleType = PATH,
) -> NDArray[np.int32]:
    """Exact products of matrices that share their input, rows stacked.

    activations  (m, k)  int8
    path         portable or avx2: the same integers
    returns      (m, n)  int32, n the rows of all matrices
    """
    m, k = activations.shape
    planes, sums = _planes(activations), activations.sum(axis=1, dtype=np.int32)
    arranged = path.arrange(planes)
    out = np.empty((m, sum(matrix.n for matrix in matrices)), np.int32)
    column = 0
    for matrix in matrices:
        assert matrix.k == k, f"{matrix.name}: k = {matrix.k}, activations have {k}"
        packed = np.ascontiguousarray(matrix.packed)  # itself, unless it is a view with gaps
        if threads.worthwhile(matrix.n * k * m):
            path.all_rows(packed, planes, arranged, sums, column, out)
        else:
            path.some_rows(packed, planes, arranged, sums, column, 0, matrix.n, out)
        column += matrix.n
    return out


def exact_product(event: Event) -> NDArray[np.int32]:
    """The reference's own `ProductFn`."""
    return multiply(event.matrices, event.activations)
