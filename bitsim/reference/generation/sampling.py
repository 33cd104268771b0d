"""From logits to the next token, deterministically."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError

Sampler = Callable[[NDArray[np.float32]], int]  # (vocab,) float32 logits to a token id


def greedy(logits: NDArray[np.float32]) -> int:
    """The likeliest token; of equals, the one with the lowest id."""
    return int(np.argmax(logits))


class TopKSampler:
    """Draws from the `top_k` likeliest tokens at a temperature; a function of its seed.

    top_k 0 draws from all tokens.
    """

    def __init__(self, temperature: float, top_k: int = 0, seed: int = 0) -> None:
        if not 0 < temperature < float("inf"):
            raise BitsimError(f"temperature = {temperature}: must be above 0 (greedy needs none)")
        if top_k < 0:
            raise BitsimError(f"top_k = {top_k}: must be 0 (all tokens) or more")
        if seed < 0:
            raise BitsimError(f"seed = {seed}: must be 0 or more")
        self.temperature = temperature
        self.top_k = top_k
        self._random = np.random.Generator(np.random.PCG64(seed))

    def __call__(self, logits: NDArray[np.float32]) -> int:
        """The next token; one draw of the generator, whatever the logits."""
        order = np.argsort(-logits, kind="stable")[: self.top_k or None]
        scaled = logits[order].astype(np.float64) / self.temperature
        cumulated = np.cumsum(np.exp(scaled - scaled[0]))
        drawn = self._random.random() * cumulated[-1]
        return int(order[min(np.searchsorted(cumulated, drawn, "right"), order.size - 1)])
