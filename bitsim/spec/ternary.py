"""A ternary matrix as every part of bitsim holds it: 2-bit codes, row after row."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bitsim.spec import encoding
from bitsim.units import ceil_div

ZERO_BYTE = 0x55  # four weights 0


@dataclass(frozen=True, eq=False)
class TernaryMatrix:
    """An N x K matrix of weights in {-1, 0, +1}.

    name    Hugging Face module name, "model.layers.0.self_attn.q_proj"
    n, k    outputs and inputs
    packed  (n, ceil(k / 4))  uint8, `2bit` of `bitsim.spec.encoding` along K; places beyond k
            hold digit 1 (weight 0)
    scale   what an integer product is multiplied by, beside the activation's own scale
    """

    name: str
    n: int
    k: int
    packed: NDArray[np.uint8]
    scale: float

    def __post_init__(self) -> None:
        assert self.packed.shape == (self.n, ceil_div(self.k, 4)), self.packed.shape
        assert self.packed.dtype == np.uint8

    def unpack(self) -> NDArray[np.int8]:
        """(n, k) int8, a new array: four times the size of the packed one."""
        return encoding.unpack(self.packed, self.k, "2bit")

    @property
    def zero_weights(self) -> int:
        """How many of the n x k weights are 0."""
        different = self.packed ^ np.uint8(ZERO_BYTE)  # the two bits of a weight 0 become 0
        nonzero = int(np.bitwise_count((different | different >> 1) & ZERO_BYTE).sum())
        return self.n * self.k - nonzero

    @cached_property
    def digest(self) -> str:
        """sha256 over shape and codes: two matrices with one digest are the same matrix."""
        head = f"ternary {self.n} {self.k}\n".encode()
        return hashlib.sha256(head + np.ascontiguousarray(self.packed).tobytes()).hexdigest()
