"""One recorded ternary product: its activations, and the matrices that they met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitsim.spec.phase import Phase
from bitsim.spec.ternary import TernaryMatrix
from bitsim.trace.job import Job


@dataclass(frozen=True, eq=False)
class Event:
    """Activations of m tokens times the ternary matrices that share them, rows stacked.

    pass_index         which walk through the network, from 0
    name               of the product: "layers.3.qkv"
    activations        (m, k)  int8 codes
    activation_scales  (m,)    float32, 127 / max|x| of each token: what a product is divided by
    matrices           in the order of their rows, k columns each
    """

    pass_index: int
    name: str
    activations: NDArray[np.int8]
    activation_scales: NDArray[np.float32]
    matrices: tuple[TernaryMatrix, ...]

    def __post_init__(self) -> None:
        m, k = self.activations.shape
        assert self.activations.dtype == np.int8, self.activations.dtype
        assert self.activation_scales.dtype == np.float32, self.activation_scales.dtype
        assert self.activation_scales.shape == (m,), self.activation_scales.shape
        assert self.matrices, f"{self.name}: no matrix"
        assert all(matrix.k == k for matrix in self.matrices), f"{self.name}: k differs"

    @property
    def phase(self) -> Phase:
        """Its shape."""
        m, k = self.activations.shape
        return Phase(name=self.name, n=sum(matrix.n for matrix in self.matrices), k=k, m=m)

    def job(self) -> Job:
        """The same for an array: weights unpacked and stacked, n * k bytes."""
        weights = np.concatenate([matrix.unpack() for matrix in self.matrices])
        return Job(name=self.name, weights=weights, activations=self.activations)
