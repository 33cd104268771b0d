"""A synthetic network as a packed Hugging Face folder, part after part.

No more than one layer, or one table, of the network is in memory at a time.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError, shown_path
from bitsim.reference import packing, synthetic
from bitsim.reference.checkpoint import EMBEDDING, FINAL_NORM, HEAD, LAYER_NORMS, expected_tensors
from bitsim.reference.memory import require_memory
from bitsim.reference.network import Layer
from bitsim.reference.random_bits import to_bf16
from bitsim.reference.synthetic import Maker
from bitsim.spec import catalog
from bitsim.spec.network import CONFIG_KEYS, NetworkSpec, Statistics
from bitsim.trace.atomic import partial_path, unwritable
from bitsim.trace.tensorfile import Promised, file_bytes, stream_tensors

METADATA = {"format": "pt"}  # transformers refuses a file without it


@dataclass(frozen=True)
class Plan:
    """What will be written, known before any of it is made."""

    folder: Path
    promised: Promised
    texts: dict[str, str]  # by name, the small files
    maker: Maker

    @property
    def total_bytes(self) -> int:
        """Of all files."""
        small = sum(len(text.encode()) for text in self.texts.values())
        return file_bytes(self.promised, METADATA) + small


def plan_checkpoint(name: str, seed: int, folder: Path) -> Plan:
    """Check everything that can be at fault; nothing is written.

    name    a shape: a name of models/networks or a TOML file, with [statistics]
    folder  must not be there yet, and its disk must have the bytes free
    """
    path = catalog.find("networks", name)
    if path.is_dir() or path.name == "config.json":
        raise BitsimError(f"{shown_path(path)}: is a checkpoint already; name the TOML of a shape")
    spec = catalog.load_network_spec(str(path)).model_copy(
        update={"linear_class": "autobitlinear", "quantization_mode": "offline"}
    )
    for product in spec.products(0):
        if any(rows % packing.ROWS_PER_BYTE for rows in product.rows):
            raise BitsimError(
                f"{spec.name}: {product.name}: rows {list(product.rows)} are not multiples of "
                f"{packing.ROWS_PER_BYTE}, as packed files need; use such sizes"
            )
    maker = synthetic.maker(spec, seed)
    texts = {"config.json": _config(spec), "statistics.toml": _statistics(maker.statistics)}
    promised = {name: (each.dtypes[0], each.shape) for name, each in expected_tensors(spec).items()}
    plan = Plan(folder, promised, texts, maker)
    _require_place(plan)
    require_memory(_peak_bytes(spec), f"{spec.name}: its largest part")
    return plan


def write_checkpoint(plan: Plan, on_layer: Callable[[int, int], None] | None = None) -> None:
    """Write the folder, whole or not at all.

    on_layer  called with how many of how many layers are written
    """
    partial = partial_path(plan.folder)
    try:
        partial.mkdir()
    except (OSError, ValueError) as error:
        raise unwritable(plan.folder, error) from None
    try:
        tensors = _tensors(plan.maker, on_layer)
        stream_tensors(partial / "model.safetensors", plan.promised, tensors, METADATA)
        for name, text in plan.texts.items():
            (partial / name).write_text(text, "utf-8")
        partial.rename(plan.folder)
    except OSError as error:
        raise unwritable(plan.folder, error) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _require_place(plan: Plan) -> None:
    try:
        if plan.folder.exists() or plan.folder.is_symlink():
            raise BitsimError(f"{shown_path(plan.folder)}: exists already; name a new folder")
        free_bytes = shutil.disk_usage(plan.folder.absolute().parent).free
    except (OSError, ValueError) as error:
        raise unwritable(plan.folder, error) from None
    if plan.total_bytes > free_bytes:
        raise BitsimError(
            f"{shown_path(plan.folder)}: needs {plan.total_bytes} bytes, {free_bytes} are free on "
            f"its disk; free space, or name another place"
        )


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


def _config(spec: NetworkSpec) -> str:
    table: dict[str, Any] = {
        "architectures": ["BitNetForCausalLM"],
        "model_type": "bitnet",
        "hidden_act": "relu2",
        "initializer_range": 0.02,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "quantization_config": {
            "linear_class": "autobitlinear",
            "quant_method": "bitnet",
            "quantization_mode": "offline",
        },
    }
    table |= {key: getattr(spec, field) for field, key in CONFIG_KEYS.items()}
    if len(spec.eos_ids) == 1:
        table["eos_token_id"] = spec.eos_ids[0]
    return json.dumps(table, indent=2, sort_keys=True) + "\n"


def _statistics(statistics: Statistics) -> str:
    """What the loader looks for beside config.json. A JSON string is one of TOML, but for DEL."""
    lines = []
    for field, value in statistics.model_dump().items():
        text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        lines.append(f"{field} = {text}\n")
    return "".join(lines)
