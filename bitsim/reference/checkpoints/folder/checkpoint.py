"""A Hugging Face folder as a checkpoint, checked before anything large is made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError, shown_path
from bitsim.reference.checkpoints.checkpoint import TOKENIZER, Checkpoint
from bitsim.reference.checkpoints.folder import shards
from bitsim.reference.checkpoints.folder.expected import (
    check_tensors,
    expected_tensors,
    fault,
    is_packed,
)
from bitsim.reference.checkpoints.folder.generation_config import with_generation_config
from bitsim.reference.checkpoints.folder.shards import Tensors
from bitsim.reference.kernels import floats, packing, quantizer
from bitsim.reference.tables import Table, table_of
from bitsim.reference.text.tokenizer import FileTokenizer, MissingTokenizer, Tokenizer
from bitsim.spec import base
from bitsim.spec.network import NetworkSpec, from_config
from bitsim.spec.ternary import TernaryMatrix

SMALLEST_NORMAL = 2.0**-126  # of bf16 and of f32
CONFIG, GENERATION_CONFIG = "config.json", "generation_config.json"
COMPANIONS = ("tokenizer_config.json", "special_tokens_map.json", GENERATION_CONFIG)


class FolderCheckpoint(Checkpoint):
    """config.json, model.safetensors or its shards, and what is beside them.

    Packed (`quantization_mode` offline, or `linear_class` bitlinear), or a bf16 master (online).

    scales  by matrix, what a code is multiplied by; none of a master
    """

    def __init__(self, folder: Path) -> None:
        shape = folder_shape(folder)
        self.path = folder
        self.file: Tensors = shards.open_folder(folder)
        check_tensors(self.file, expected_tensors(shape))
        self.scales: Mapping[str, float] = _weight_scales(self.file, shape)
        self.spec = with_generation_config(shape, folder / GENERATION_CONFIG)

    def matrix(self, name: str, rows: int, k: int) -> TernaryMatrix:
        """See `Checkpoint`."""
        return _matrix(self.file, name, rows, k, self.scales.get(name))

    def gains(self, name: str) -> NDArray[np.float32]:
        """See `Checkpoint`."""
        return _gains(self.file, name)

    def table(self, name: str) -> Table:
        """See `Checkpoint`."""
        raw = self.file.tensor(name).view(np.uint8)
        table = table_of(self.file.dtype(name), raw)
        if table is None:
            raise _not_finite(self.file, name)
        return table

    def stored(self, name: str) -> tuple[str, NDArray[np.uint8]]:
        """See `Checkpoint`."""
        return self.file.dtype(name), self.file.tensor(name).reshape(-1).view(np.uint8)

    def release(self, name: str) -> None:
        """See `Checkpoint`."""
        self.file.release(name)

    def table_bytes(self, name: str) -> int:
        """See `Checkpoint`."""
        return self.file.nbytes(name)

    def tokenizer(self) -> Tokenizer:
        """See `Checkpoint`."""
        there = self.tokenizer_path.exists()
        kind = FileTokenizer if there else MissingTokenizer
        return kind(self.tokenizer_path, self.spec.vocab_size)

    @property
    def tokenizer_path(self) -> Path:
        """See `Checkpoint`."""
        return self.path / TOKENIZER

    @property
    def tokenizer_name(self) -> str:
        """See `Checkpoint`."""
        return TOKENIZER

    @property
    def companions(self) -> Mapping[str, bytes]:
        """See `Checkpoint`."""
        paths = [self.path / name for name in COMPANIONS]
        return {each.name: base.read_text(each).encode() for each in paths if each.exists()}

    def files(self) -> list[Path]:
        """See `Checkpoint`."""
        return [each for each in sorted(self.path.iterdir()) if each.is_file()]

    def summary(self) -> dict[str, Any]:
        """See `Checkpoint`."""
        kind = "packed safetensors" if is_packed(self.spec) else "bf16 master safetensors"
        table = {
            "format": kind,
            "linear_class": self.spec.linear_class,
            "tensors": len(self.file.names),
        }
        if isinstance(self.file, shards.ShardedTensors):
            table["shards"] = len(self.file.shards)
        return table


def is_folder(path: Path) -> bool:
    """Of a folder, or of the config.json in one."""
    return path.is_dir() or path.name == CONFIG


def open_folder_checkpoint(path: Path) -> FolderCheckpoint:
    """Check all of a folder but its weights themselves."""
    return FolderCheckpoint(_folder(path))


def folder_shape(path: Path) -> NetworkSpec:
    """What config.json, and statistics.toml beside it, say."""
    return from_config(_folder(path) / CONFIG)


def _folder(path: Path) -> Path:
    return path.parent if path.name == CONFIG and not path.is_dir() else path


def _weight_scales(file: Tensors, spec: NetworkSpec) -> dict[str, float]:
    """By matrix, what a code is multiplied by: `autobitlinear` files hold it, `bitlinear` files
    hold its reciprocal.
    """
    scales: dict[str, float] = {}
    if not is_packed(spec):
        return scales
    for index in range(spec.layers):
        for product in spec.products(index):
            if any(rows % packing.ROWS_PER_BYTE for rows in product.rows):
                raise BitsimError(
                    f"{shown_path(file.path)}: {product.name}: rows {list(product.rows)} are not "
                    f"multiples of {packing.ROWS_PER_BYTE}, as packed files need; use a bf16 master"
                )
            for matrix in product.matrices:
                name = f"{matrix}.weight_scale"
                scale = float(_widened(file, name)[0])
                if not SMALLEST_NORMAL <= scale < float("inf"):
                    raise fault(
                        file,
                        name,
                        f"is {scale:g}; a scale is a finite number above 0 and not denormal: "
                        f"write it again",
                    )
                scales[matrix] = 1 / scale if spec.linear_class == "bitlinear" else scale
    return scales


def _matrix(file: Tensors, name: str, rows: int, k: int, scale: float | None) -> TernaryMatrix:
    stored = file.tensor(f"{name}.weight")
    if scale is None:
        packed, scale = quantizer.ternarize(stored)
        if not 0 < scale < float("inf"):
            raise fault(file, f"{name}.weight", "is not finite; use a sound file")
    else:
        packed, reserved = packing.from_hugging_face(stored)
        if reserved:
            raise fault(
                file,
                f"{name}.weight",
                f"has the reserved code 3 in {reserved} places; use a file of ternary weights",
            )
    file.release(f"{name}.weight")
    packed.flags.writeable = False
    return TernaryMatrix(name=name, n=rows, k=k, packed=packed, scale=scale)


def _gains(file: Tensors, name: str) -> NDArray[np.float32]:
    values = _widened(file, name)
    if not np.isfinite(values).all():
        raise _not_finite(file, name)
    return values


def _widened(file: Tensors, name: str) -> NDArray[np.float32]:
    """A BF16, F16 or F32 tensor in f32; exact."""
    values: NDArray[Any] = file.tensor(name)
    if file.dtype(name) == "BF16":
        return floats.from_bf16(values)
    wide = values.astype(np.float32, copy=False)
    wide.flags.writeable = False
    return wide


def _not_finite(file: Tensors, name: str) -> BitsimError:
    return fault(file, name, "has values that are not finite; use a sound file")
