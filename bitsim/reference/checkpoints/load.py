"""A network by name."""

from __future__ import annotations

import hashlib
from typing import Literal, get_args

from bitsim import arguments
from bitsim.reference.checkpoints.forms import form_of, open_checkpoint
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

    A checkpoint is loaded, whatever its form; a TOML file is a shape, which gets synthetic weights
    made from `seed`.

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
    if form_of(path):
        network = open_checkpoint(path).network()
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
    if form_of(path):
        source = open_checkpoint(path)
        return source.spec, source.memory_bytes
    spec = catalog.load_network_spec(path)
    return spec, network_bytes(spec)


def weights_digest(name: Named, seed: int = 0) -> str:
    """Of all that `load_network` reads besides the shape: a run on it is resumed on it alone."""
    path = catalog.find("networks", name)
    if not form_of(path):
        return f"seed {seed}"
    digest = hashlib.sha256()
    for each in open_checkpoint(path).files():
        with each.open("rb") as file:
            content = hashlib.file_digest(file, "sha256")
        digest.update(f"{each.name} {content.hexdigest()}\n".encode())
    return digest.hexdigest()


def load_shape(name: Named | NetworkSpec | Network) -> NetworkSpec:
    """The shape of what `load_network` loads, before anything large is made."""
    if isinstance(name, Network | NetworkSpec):
        return name.spec if isinstance(name, Network) else name
    path = catalog.find("networks", name)
    form = form_of(path)
    return form.shape(path) if form else catalog.load_network_spec(path)
