"""The weights of one decoder layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bitsim.spec.ternary import TernaryMatrix


@dataclass(frozen=True, eq=False)
class Layer:
    """Weights of one decoder layer.

    norms     gains, (hidden,) or, of ffn_norm, (intermediate,) float32

    products  the matrices of the four phases, in the order of `NetworkSpec.products`
    """

    products: tuple[tuple[TernaryMatrix, ...], ...]
    input_norm: NDArray[np.float32]
    attention_norm: NDArray[np.float32]  # attn_sub_norm
    ffn_input_norm: NDArray[np.float32]  # post_attention_layernorm
    ffn_norm: NDArray[np.float32]  # ffn_sub_norm
