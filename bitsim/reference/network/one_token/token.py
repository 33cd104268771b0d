"""What the members of a team have of one token, and of the weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Steps of a layer, in this order.
QKV, SCORES, SOFTMAX, MIX, OUTPUT, GATE_UP, DOWN, STEPS = range(8)


class Places(NamedTuple):
    """Of all layers, as `Addresses` has them.

    matrices  (layers, 7)  int64
    scales    (layers, 7)  float32
    gains     (layers, 4)  int64
    """

    matrices: NDArray[np.int64]
    scales: NDArray[np.float32]
    gains: NDArray[np.int64]


class Token(NamedTuple):
    """What the members share; they write to parts of it alone.

    tickets       (layers * STEPS, team + 1, LINE_WORDS)    int64, of `team`
    start         tokens before this one
    eps           float32, of every norm
    cos, sin      (1, head_dim / 2)                         float32
    keys, values  (layers, kv_heads, capacity, head_dim)    float32
    hidden        (hidden,)                                 float32, in and out
    qkv           (hidden + 2 x kv_size,)                   float32, scratch as all below
    weights       (kv_heads * (start + 1) * group,)         float32
    mixed         (hidden,)                                 float32
    gated         (ffn,)                                    float32
    faults        (1,)  int64: 1 if the input of a product was not finite
    """

    tickets: NDArray[np.int64]
    start: int
    eps: np.float32
    cos: NDArray[np.float32]
    sin: NDArray[np.float32]
    keys: NDArray[np.float32]
    values: NDArray[np.float32]
    hidden: NDArray[np.float32]
    qkv: NDArray[np.float32]
    weights: NDArray[np.float32]
    mixed: NDArray[np.float32]
    gated: NDArray[np.float32]
    faults: NDArray[np.int64]
