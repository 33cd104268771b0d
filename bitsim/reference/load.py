"""A network by name."""

from __future__ import annotations

from pathlib import Path

from bitsim.reference.checkpoint import load_checkpoint, open_checkpoint
from bitsim.reference.gguf_network import gguf_shape, load_gguf, open_gguf_checkpoint
from bitsim.reference.memory import network_bytes
from bitsim.reference.network import Network
from bitsim.reference.synthetic import synthesize
from bitsim.spec import catalog
from bitsim.spec.network import NetworkSpec


def load_network(name: str, seed: int = 0) -> Network:
    """A network by a name of models/networks or by a path.

    A folder with config.json and model.safetensors is a checkpoint, and so is a GGUF file; a TOML
    file is a shape, which gets synthetic weights made from `seed`.
    """
    path = catalog.find("networks", name)
    if path.is_dir():
        return load_checkpoint(path)
    if path.name == "config.json":
        return load_checkpoint(Path(path.parent))
    if path.suffix == ".gguf":
        return load_gguf(path).network
    return synthesize(catalog.load_network_spec(str(path)), seed)


def needed_bytes(name: str) -> int:
    """What `load_network` takes, before anything large is made; tables in their file's form."""
    path = catalog.find("networks", name)
    if path.is_dir():
        return open_checkpoint(path).memory_bytes
    if path.name == "config.json":
        return open_checkpoint(Path(path.parent)).memory_bytes
    if path.suffix == ".gguf":
        return open_gguf_checkpoint(path).memory_bytes
    return network_bytes(catalog.load_network_spec(str(path)))


def load_shape(name: str) -> NetworkSpec:
    """The shape of what `load_network` loads, before anything large is made."""
    path = catalog.find("networks", name)
    return gguf_shape(path) if path.suffix == ".gguf" else catalog.load_network_spec(str(path))
