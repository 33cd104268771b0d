"""Energy as the BitNet papers compute it: arithmetic of the matrix products alone.

Sources: arXiv 2310.11453 (BitNet), Table 1; arXiv 2504.12285 (BitNet b1.58 2B4T), Table 1. They
count no memory, no norms, no head. A ternary or binary weight is one int8 add, and zeros are not
skipped. Attention is the full square of the sequence, in floating point, also for BitNet.
"""

from __future__ import annotations

from typing import Literal

from bitsim.cost.quote import Quote
from bitsim.spec.technology import TechnologySpec
from bitsim.units import PJ_PER_J

Weights = Literal["fp32", "fp16", "ternary"]
PAPER_TOKENS = 512


def linear_j(technology: TechnologySpec, weights: Weights, parameters: int, tokens: int) -> float:
    """Linear layers: one multiply and one add for each parameter and token, or one int8 add."""
    quote = Quote(technology, "linear layers")
    if weights == "ternary":
        each_pj = quote.figure("int8_add_pj")
    else:
        each_pj = quote.figure(f"{weights}_add_pj") + quote.figure(f"{weights}_mul_pj")
    return tokens * parameters * each_pj / PJ_PER_J


def attention_j(
    technology: TechnologySpec,
    arithmetic: Literal["fp32", "fp16"],
    width: int,
    layers: int,
    tokens: int,
) -> float:
    """Scores and weighted values of a sequence of `tokens`; `width` is heads x head size."""
    quote = Quote(technology, "attention")
    each_pj = quote.figure(f"{arithmetic}_add_pj") + quote.figure(f"{arithmetic}_mul_pj")
    return 2 * tokens**2 * width * layers * each_pj / PJ_PER_J
