"""A synthetic network as a packed Hugging Face folder, part after part.

No more than one layer, or one table, of the network is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError, shown_path
from bitsim.files.place import require_place
from bitsim.reference.checkpoints.checkpoint import (
    EMBEDDING,
    FINAL_NORM,
    HEAD,
    LAYER_NORMS,
)
from bitsim.reference.checkpoints.folder.expected import expected_tensors
from bitsim.reference.checkpoints.folder.writer import (
    PACKED,
    FolderPlan,
    require_packable,
    spec_files,
    write_folder,
)
from bitsim.reference.checkpoints.forms import form_of
from bitsim.reference.kernels import packing
from bitsim.reference.kernels.random_bits import to_bf16
from bitsim.reference.memory import require_memory
from bitsim.reference.network import synthetic
from bitsim.reference.network.layer import Layer
from bitsim.reference.network.synthetic import Maker
from bitsim.spec import catalog
from bitsim.spec.network import NetworkSpec


@dataclass(frozen=True)
class Plan(FolderPlan):
    """A folder, and what makes its tensors."""

    maker: Maker


def plan_checkpoint(name: str, seed: int, folder: Path) -> Plan:
    """Check everything that can be at fault; nothing is written.

    name    a shape: a name of models/networks or a TOML file, with [statistics]
    folder  must not be there yet, and its disk must have the bytes free
    """
    path = catalog.find("networks", name)
    if form_of(path):
        raise BitsimError(f"{shown_path(path)}: is a checkpoint already; name the TOML of a shape")
    spec = catalog.load_network_spec(str(path)).model_copy(update=PACKED)
    require_packable(spec)
    maker = synthetic.maker(spec, seed)
    promised = {name: (each.dtypes[0], each.shape) for name, each in expected_tensors(spec).items()}
    plan = Plan(folder, promised, spec_files(spec), maker)
    require_place(folder, plan.total_bytes, "folder")
    require_memory(_peak_bytes(spec), f"{spec.name}: its largest part")
    return plan


def write_checkpoint(plan: Plan, on_layer: Callable[[int, int], None] | None = None) -> None:
    """Write the folder, whole or not at all.

    on_layer  called with how many of how many layers are written
    """
    write_folder(plan, _tensors(plan.maker, on_layer))


def _peak_bytes(spec: NetworkSpec) -> int:
    """A table; or a layer's packed weights and its largest matrix in the order of the file."""
    packed = sum(-(-product.k // 4) * product.n for product in spec.products(0))
    largest = max(rows * product.k // 4 for product in spec.products(0) for rows in product.rows)
    return max(2 * spec.vocab_size * spec.hidden_size, packed + largest)


def _tensors(
    maker: Maker, on_layer: Callable[[int, int], None] | None
) -> Iterator[tuple[str, NDArray[Any]]]:
    """In the order of `expected_tensors`."""
    spec = maker.spec
    yield EMBEDDING, maker.table(synthetic.EMBEDDING)
    yield FINAL_NORM, to_bf16(maker.final_norm())
    if not spec.tied_head:
        yield HEAD, maker.table(synthetic.HEAD)
    for index in range(spec.layers):
        yield from _layer_tensors(index, maker.layer(index))
        if on_layer:
            on_layer(index + 1, spec.layers)


def _layer_tensors(index: int, layer: Layer) -> Iterator[tuple[str, NDArray[Any]]]:
    gains = (layer.input_norm, layer.attention_norm, layer.ffn_input_norm, layer.ffn_norm)
    for norm, gain in zip(LAYER_NORMS, gains, strict=True):
        yield f"model.layers.{index}.{norm}.weight", to_bf16(gain)
    for matrices in layer.products:
        for matrix in matrices:
            yield f"{matrix.name}.weight", packing.to_hugging_face(matrix.packed, matrix.k)
            yield f"{matrix.name}.weight_scale", to_bf16(np.array([matrix.scale]))
