"""What a checkpoint holds, once all of it has been checked."""

from __future__ import annotations

from typing import Any

from bitsim.errors import BitsimError
from bitsim.reference.checkpoints.folder import is_packed, load_checkpoint
from bitsim.reference.checkpoints.gguf.network import load_gguf
from bitsim.reference.checkpoints.shards import ShardedTensors, open_folder
from bitsim.reference.network.network import Network
from bitsim.spec import catalog


def checkpoint_info(name: str) -> dict[str, Any]:
    """Load a checkpoint folder or a GGUF file and count.

    `BitsimError` for a shape, which has no weights.
    """
    path = catalog.find("networks", name)
    if path.name == "config.json":
        path = path.parent
    if path.suffix == ".gguf" and not path.is_dir():
        loaded = load_gguf(path)
        head = {
            "format": "GGUF",
            "tensor_types": loaded.tensor_types,
            "tensors": sum(loaded.tensor_types.values()),
        }
        return head | _counts(loaded.network)
    if path.is_file():
        raise BitsimError(
            f"{path}: is a file; name a folder with config.json, model.safetensors, or a .gguf file"
        )
    network = load_checkpoint(path)
    file = open_folder(path)
    head = {
        "format": "packed safetensors" if is_packed(network.spec) else "bf16 master safetensors",
        "linear_class": network.spec.linear_class,
        "tensors": len(file.names),
    }
    if isinstance(file, ShardedTensors):
        head["shards"] = len(file.shards)
    return head | _counts(network)


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
