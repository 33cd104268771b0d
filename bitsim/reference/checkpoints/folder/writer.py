"""Writes packed Hugging Face folders of the published form, tensor after tensor."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from bitsim.errors import BitsimError
from bitsim.files.atomic import partial_path, unwritable
from bitsim.files.tensorfile import Promised, file_bytes, stream_tensors
from bitsim.reference.kernels import packing
from bitsim.spec.network import CONFIG_KEYS, NetworkSpec, Statistics

METADATA = {"format": "pt"}  # transformers refuses a file without it
PACKED = {"linear_class": "autobitlinear", "quantization_mode": "offline"}  # scales multiply


@dataclass(frozen=True)
class FolderPlan:
    """What will be written, known before any of it is.

    promised  tensors of model.safetensors, in its order
    files     by name, what else the folder holds
    """

    folder: Path
    promised: Promised
    files: Mapping[str, bytes]

    @property
    def total_bytes(self) -> int:
        """Of all files."""
        return file_bytes(self.promised, METADATA) + sum(map(len, self.files.values()))


def write_folder(plan: FolderPlan, tensors: Iterable[tuple[str, NDArray[Any]]]) -> None:
    """Write the folder, whole or not at all.

    tensors  as promised, in that order; one at a time is held
    """
    partial = partial_path(plan.folder)
    try:
        partial.mkdir()
    except (OSError, ValueError) as error:
        raise unwritable(plan.folder, error) from None
    try:
        stream_tensors(partial / "model.safetensors", plan.promised, tensors, METADATA)
        for name, content in plan.files.items():
            (partial / name).write_bytes(content)
        partial.rename(plan.folder)
    except OSError as error:
        raise unwritable(plan.folder, error) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def require_packable(spec: NetworkSpec) -> None:
    """`BitsimError` if a matrix has rows that do not fill its bytes."""
    for product in spec.products(0):
        if any(rows % packing.ROWS_PER_BYTE for rows in product.rows):
            raise BitsimError(
                f"{spec.name}: {product.name}: rows {list(product.rows)} are not multiples of "
                f"{packing.ROWS_PER_BYTE}, as packed files need; use such sizes"
            )


def spec_files(spec: NetworkSpec, dtype: str = "bfloat16") -> dict[str, bytes]:
    """config.json and, of a network that has statistics, statistics.toml.

    dtype  what transformers shall compute in
    """
    files = {"config.json": _config(spec, dtype).encode()}
    if spec.statistics:
        files["statistics.toml"] = _statistics(spec.statistics).encode()
    return files


def _config(spec: NetworkSpec, dtype: str) -> str:
    table: dict[str, Any] = {
        "architectures": ["BitNetForCausalLM"],
        "model_type": "bitnet",
        "hidden_act": "relu2",
        "initializer_range": 0.02,
        "torch_dtype": dtype,
        "use_cache": True,
        "quantization_config": {"quant_method": "bitnet", **PACKED},
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
