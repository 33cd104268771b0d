"""What the reference multiplies, recorded as a trace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bitsim.callbacks import Say
from bitsim.reference.checkpoints.load import Head, load_network, load_shape, needed_bytes
from bitsim.reference.generation.context import with_context
from bitsim.reference.generation.generate import generate
from bitsim.reference.generation.sampling import greedy
from bitsim.reference.kernels.product.product import exact_product
from bitsim.reference.memory import require_memory
from bitsim.reference.network.head import tell_head
from bitsim.reference.network.network import Network
from bitsim.runs.prompt import Prompt, require_cache, tokens_of
from bitsim.spec.catalog import Named
from bitsim.spec.network import NetworkSpec
from bitsim.trace.event import Event
from bitsim.trace.writer import TraceWriter


def record(
    network: Named | NetworkSpec | Network,
    prompt: Prompt,
    max_tokens: int,
    seed: int,
    path: Path,
    command: str,
    say: Say,
    context: int | None = None,
    head: Head = "own",
) -> None:
    """Generate greedily with the reference and write every ternary product to a new trace."""
    spec = load_shape(network)
    require_memory(needed_bytes(network, head), spec.name)
    require_cache(spec, max_tokens, context)
    loaded = with_context(load_network(network, seed, head), context, say)
    text, prompt_ids = tokens_of(loaded, prompt, max_tokens)
    tell_head(loaded, prompt_ids, say)
    with TraceWriter(path, loaded.spec, command=command, seed=seed) as writer:
        passes = _Passes(writer)
        token_ids = generate(loaded, prompt_ids, max_tokens, greedy, passes.product)
    say(f"{text}{loaded.tokenizer.decode(token_ids)}")


class _Passes:
    """A product function that records each product; a new index of the pass begins a new pass."""

    def __init__(self, writer: TraceWriter) -> None:
        self._writer = writer
        self._pass_index = -1
        self._context = 0

    def product(self, event: Event) -> NDArray[np.int32]:
        if event.pass_index != self._pass_index:
            m = event.activations.shape[0]
            self._writer.begin_pass(m, self._context)
            self._pass_index = event.pass_index
            self._context += m
        self._writer.add(event)
        return exact_product(event)
