"""Token after token."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bitsim.errors import BitsimError
from bitsim.reference.generation.sampling import Sampler
from bitsim.reference.kernels.product.product import ProductFn
from bitsim.reference.network.network import Network
from bitsim.spec.network import NetworkSpec


def generate(
    network: Network,
    prompt_ids: Sequence[int],
    max_tokens: int,
    sampler: Sampler,
    product: ProductFn | None = None,
    on_token: Callable[[int], None] | None = None,
) -> list[int]:
    """Continue a prompt: one pass over the whole prompt, then one for each token but the last.

    Stops after one of `stop_ids`, which is the last of the returned ids, or at `max_tokens`.
    So there are as many passes as returned ids. `on_token` gets each id as soon as it is known.
    """
    spec = network.spec
    cache = network.empty_cache(context_needed(spec, prompt_ids, max_tokens))
    stops = stop_ids(network)
    ids = np.array(prompt_ids, np.int64)
    generated: list[int] = []
    while len(generated) < max_tokens:
        logits = network.forward(ids, cache, product)[0]
        token_id = sampler(logits)
        generated.append(token_id)
        if on_token:
            on_token(token_id)
        if token_id in stops:
            break
        ids = np.array([token_id], np.int64)
    return generated


def stop_ids(network: Network) -> frozenset[int]:
    """Ids that end an answer: the config's, and the tokenizer's own.

    2B4T's config says 128001 alone, its answers end with 128009.
    """
    return frozenset(network.spec.eos_ids) | frozenset(network.tokenizer.stop_ids)


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
            f"{spec.name}, {spec.max_context}; shorten the prompt, ask for fewer, or lift the "
            f"context to {needed}"
        )
    return needed
