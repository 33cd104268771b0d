"""A network by name."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal, get_args

from bitsim import arguments
from bitsim.reference.checkpoints.folder import Checkpoint, load_checkpoint, open_checkpoint
from bitsim.reference.checkpoints.gguf.network import (
    GgufCheckpoint,
    gguf_shape,
    load_gguf,
    open_gguf_checkpoint,
)
from bitsim.reference.memory import network_bytes
from bitsim.reference.network.head import with_int8_head
from bitsim.reference.network.network import Network
from bitsim.reference.network.synthetic import synthesize
from bitsim.reference.tables.int8.table import table_bytes
from bitsim.spec import catalog
from bitsim.spec.catalog import Named
from bitsim.spec.network import NetworkSpec

Head = Literal["own", "int8"]
HEADS: tuple[Head, ...] = get_args(Head)


def load_network(name: Named | NetworkSpec | Network, seed: int = 0, head: Head = "own") -> Network:
    """A network by a name of models/networks, by a path, or by what `load_*` gave.

    A folder with config.json and model.safetensors is a checkpoint, and so is a GGUF file; a TOML
    file is a shape, which gets synthetic weights made from `seed`.

    head  "own": the network's, exactly; "int8": a copy of it in int8, made here
    """
    arguments.one_of("head", head, HEADS)
    seed = arguments.seed(seed)
    if isinstance(name, Network):
        return name if head == "own" else with_int8_head(name)
    if isinstance(name, NetworkSpec):
        network = synthesize(name, seed)
        return network if head == "own" else with_int8_head(network)
    path = catalog.find("networks", name)
    if path.is_dir():
        network = load_checkpoint(path)
    elif path.name == "config.json":
        network = load_checkpoint(Path(path.parent))
    elif path.suffix == ".gguf":
        network = load_gguf(path).network
    else:
        network = synthesize(catalog.load_network_spec(path), seed)
    return network if head == "own" else with_int8_head(network)


def needed_bytes(name: Named | NetworkSpec | Network, head: Head = "own") -> int:
    """What `load_network` takes, before anything large is made; tables in their file's form."""
    spec, own_bytes = _own_bytes(name)
    return own_bytes + (table_bytes(spec.vocab_size, spec.hidden_size) if head == "int8" else 0)


def _own_bytes(name: Named | NetworkSpec | Network) -> tuple[NetworkSpec, int]:
    if isinstance(name, Network):
        return name.spec, name.memory_bytes
    if isinstance(name, NetworkSpec):
        return name, network_bytes(name)
    path = catalog.find("networks", name)
    source: Checkpoint | GgufCheckpoint
    if path.is_dir() or path.name == "config.json":
        source = open_checkpoint(path if path.is_dir() else Path(path.parent))
    elif path.suffix == ".gguf":
        source = open_gguf_checkpoint(path)
    else:
        spec = catalog.load_network_spec(path)
        return spec, network_bytes(spec)
    return source.spec, source.memory_bytes


def weights_digest(name: str, seed: int = 0) -> str:
    """Of all that `load_network` reads besides the shape: a run on it is resumed on it alone."""
    path = catalog.find("networks", name)
    if path.is_dir() or path.name == "config.json":
        folder = path if path.is_dir() else path.parent
        files = [each for each in sorted(folder.iterdir()) if each.is_file()]
    elif path.suffix == ".gguf":
        files = [each for each in (path, path.with_name("tokenizer.json")) if each.exists()]
    else:
        return f"seed {seed}"
    digest = hashlib.sha256()
    for each in files:
        with each.open("rb") as file:
            content = hashlib.file_digest(file, "sha256")
        digest.update(f"{each.name} {content.hexdigest()}\n".encode())
    return digest.hexdigest()


def load_shape(name: Named | NetworkSpec | Network) -> NetworkSpec:
    """The shape of what `load_network` loads, before anything large is made."""
    if isinstance(name, Network | NetworkSpec):
        return name.spec if isinstance(name, Network) else name
    path = catalog.find("networks", name)
    return gguf_shape(path) if path.suffix == ".gguf" else catalog.load_network_spec(path)
