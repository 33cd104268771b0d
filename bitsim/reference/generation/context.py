"""How many tokens a network takes: what it was trained for, or what is asked for."""

from __future__ import annotations

from dataclasses import replace

from bitsim.callbacks import Say
from bitsim.reference.network.network import Network


def with_context(network: Network, tokens: int | None, say: Say) -> Network:
    """The network with another limit, weights shared; None leaves it as it is.

    `say` gets a line when the limit goes beyond the training. RoPE is computed for every position
    as it is for the first: nothing is scaled, and nothing says that the network can use it.
    """
    if tokens is None:
        return network
    spec = network.spec
    if tokens > spec.max_context:
        say(
            f"{spec.name}: a context of {tokens}; positions from {spec.max_context} on are beyond "
            f"those it was trained for: they are extrapolated"
        )
    return replace(network, spec=spec.changed({"max_context": tokens}, "context"))
