"""Token after token."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bitsim.errors import BitsimError
from bitsim.reference.network import Network
from bitsim.reference.product import ProductFn
from bitsim.reference.sampling import Sampler
from bitsim.spec.network import NetworkSpec


def generate(
    network: Network,
    prompt_ids: Sequence[int],
    max_tokens: int,
    sampler: Sampler,
    product: ProductFn | None = None,
    on_token: Callable[[int], None] | None = None,
) -> list[int]:
    """Continue a prompt: one pass over all of it, then one for each token but the last.

    Stops behind an end-of-sequence id, which is the last of the returned ids, or at `max_tokens`.
    So there are as many passes as returned ids. `on_token` gets each id as soon as it is known.
    """
    spec = network.spec
    cache = network.empty_cache(context_needed(spec, prompt_ids, max_tokens))
    ids = np.array(prompt_ids, np.int64)
    generated: list[int] = []
    while len(generated) < max_tokens:
        logits = network.forward(ids, cache, product)[0]
        token_id = sampler(logits)
        generated.append(token_id)
        if on_token:
            on_token(token_id)
        if token_id in spec.eos_ids:
            break
        ids = np.array([token_id], np.int64)
    return generated


def context_needed(spec: NetworkSpec, prompt_ids: Sequence[int], max_tokens: int) -> int:
    """Tokens that the cache must hold; `BitsimError` if the network has no place for them."""
    if not prompt_ids:
        raise BitsimError("prompt: no tokens; give at least one character")
    if max_tokens < 1:
        raise BitsimError(f"tokens = {max_tokens}: must be 1 or more")
    needed = len(prompt_ids) + max_tokens - 1  # the last one is not read again
    if needed > spec.max_context:
        raise BitsimError(
            f"tokens = {max_tokens}: with {len(prompt_ids)} of the prompt beyond the context of "
            f"{spec.name}, {spec.max_context}; shorten the prompt or ask for fewer"
        )
    return needed
