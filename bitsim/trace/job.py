"""Work for an array with its values, and how the world around it behaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitsim.spec.phase import Phase


@dataclass(frozen=True, eq=False)
class Job:
    """One ternary product with its numbers.

    weights      (n, k)  int8 in {-1, 0, 1}
    activations  (m, k)  int8
    """

    name: str
    weights: NDArray[np.int8]
    activations: NDArray[np.int8]

    @property
    def phase(self) -> Phase:
        """Its shape."""
        n, k = self.weights.shape
        return Phase(name=self.name, n=n, k=k, m=self.activations.shape[0])

    def expected(self) -> NDArray[np.int32]:
        """(m, n) int32: the exact products, by numpy."""
        return self.activations.astype(np.int32) @ self.weights.astype(np.int32).T


@dataclass(frozen=True, eq=False)
class Schedules:
    """Arrival schedules of a list of phases (docs/machine.md), cycles counted from reset.

    phases       (phases,)          int64: when each phase is offered
    weights      (streams, beats)   int64: streams = 1 (all columns alike) or the columns
    activations  (beats,)           int64
    results      (beats,)           int64: from when each result beat may be taken

    Each covers all phases of the list, one after the other.
    """

    phases: NDArray[np.int64]
    weights: NDArray[np.int64]
    activations: NDArray[np.int64]
    results: NDArray[np.int64]
