"""Several prompts continued at once, every weight read once for all prompts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bitsim.reference.generation.generate import context_needed, stop_ids
from bitsim.reference.generation.sampling import greedy
from bitsim.reference.kernels.product.product import ProductFn
from bitsim.reference.network.network import Network


def generate_together(
    network: Network,
    prompts: Sequence[Sequence[int]],
    max_tokens: int,
    product: ProductFn | None = None,
    on_end: Callable[[int, list[int]], object] = lambda place, ids: None,
) -> list[list[int]]:
    """Continue each prompt as `generate` does, greedily; the ids of each.

    The first pass is over all prompts; each further pass adds a token to each prompt that has not
    ended. `on_end` gets the place of a prompt and its ids as soon as these are known.
    """
    caches = [network.empty_cache(context_needed(network.spec, ids, max_tokens)) for ids in prompts]
    stops = stop_ids(network)
    following = [np.array(ids, np.int64) for ids in prompts]
    generated: list[list[int]] = [[] for _ in prompts]
    going = list(range(len(prompts)))
    while going:
        logits = network.forward_batch(
            [following[place] for place in going], [caches[place] for place in going], product
        )
        for place, row in zip(going, logits, strict=True):
            token_id = greedy(row[0])
            generated[place].append(token_id)
            following[place] = np.array([token_id], np.int64)
            if _ended(generated[place], max_tokens, stops):
                on_end(place, generated[place])
        going = [each for each in going if not _ended(generated[each], max_tokens, stops)]
    return generated


def _ended(ids: Sequence[int], max_tokens: int, stops: frozenset[int]) -> bool:
    return len(ids) == max_tokens or ids[-1] in stops
