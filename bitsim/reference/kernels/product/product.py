"""The exact ternary product: int32 sums of int8 activations under 2-bit weight codes."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from bitsim.kernels import njit
from bitsim.reference.kernels import threads, vectors
from bitsim.reference.kernels.product import avx2 as product_avx2
from bitsim.reference.kernels.product import portable as product_portable
from bitsim.spec.ternary import TernaryMatrix
from bitsim.trace.event import Event
from bitsim.units import ceil_div

ProductFn = Callable[[Event], NDArray[np.int32]]  # an event to its (m, n) sums

PATH = product_avx2 if vectors.AVX2 else product_portable  # the fastest for this processor


@njit(cache=True)
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


@njit(cache=True)
def _planes(activations, planes, sums):
    """Activations as the four places of a code byte meet them; those beyond k are 0."""
    for token in range(activations.shape[0]):
        sums[token] = planes_of_token(activations[token], planes[token])


def multiply(
    matrices: tuple[TernaryMatrix, ...],
    activations: NDArray[np.int8],
    path: ModuleType = PATH,
) -> NDArray[np.int32]:
    """Exact products of matrices that share their input, rows stacked.

    activations  (m, k)  int8
    path         product_portable or product_avx2: the same integers
    returns      (m, n)  int32, n the rows of all matrices
    """
    m, k = activations.shape
    planes = np.empty((m, 4, ceil_div(k, 4)), np.int8)
    sums = np.empty(m, np.int32)
    _planes(activations, planes, sums)
    out = np.empty((m, sum(matrix.n for matrix in matrices)), np.int32)
    column = 0
    for matrix in matrices:
        assert matrix.k == k, f"{matrix.name}: k = {matrix.k}, activations have {k}"
        packed = np.ascontiguousarray(matrix.packed)  # itself, unless it is a view with gaps
        if threads.worthwhile(matrix.n * k * m):
            path.product_parallel(packed, planes, sums, column, out)
        else:
            path.product_rows(packed, planes, sums, column, 0, matrix.n, out)
        column += matrix.n
    return out


def exact_product(event: Event) -> NDArray[np.int32]:
    """The reference's own `ProductFn`."""
    return multiply(event.matrices, event.activations)
