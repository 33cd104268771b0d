"""Numbers drawn at random."""

from __future__ import annotations

import numpy as np


def log_uniform(rng: np.random.Generator, least: int, most: int) -> int:
    """A whole number, small ones as often as large ones."""
    return int(np.floor(np.exp(rng.uniform(np.log(least), np.log(most + 1)))).clip(least, most))
