"""What a checkpoint holds, once all of it has been checked."""

from __future__ import annotations

from typing import Any

from bitsim.reference.checkpoints.forms import open_checkpoint
from bitsim.reference.network.network import Network
from bitsim.spec.catalog import Named


def checkpoint_info(name: Named) -> dict[str, Any]:
    """Load a checkpoint of any form and count; `BitsimError` for a shape, which has no weights."""
    source = open_checkpoint(name)
    network = source.network()
    return source.summary() | _counts(network)


def _counts(network: Network) -> dict[str, Any]:
    matrices = [
        matrix for layer in network.layers for product in layer.products for matrix in product
    ]
    weights = sum(matrix.n * matrix.k for matrix in matrices)
    spec = network.spec
    return {
        "layers": spec.layers,
        "hidden_size": spec.hidden_size,
        "intermediate_size": spec.intermediate_size,
        "vocab_size": spec.vocab_size,
        "ternary_weights": weights,
        "zero_weight_fraction": sum(matrix.zero_weights for matrix in matrices) / weights,
        "memory_bytes": network.memory_bytes,
    }
