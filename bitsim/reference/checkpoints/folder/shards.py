"""The tensors of a checkpoint folder: one safetensors file, or several with an index.

Form of the index: github.com/huggingface/huggingface_hub, `serialization`; transformers 5.23
`utils/hub.py`, `get_checkpoint_shard_files`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from bitsim.errors import BitsimError, shown, shown_path
from bitsim.files import strict_json
from bitsim.files.tensorfile import TensorFile, open_tensors
from bitsim.files.tensorheader import MAX_HEADER_BYTES
from bitsim.spec import base

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
SUFFIX = ".safetensors"
MAX_SHARDS = 512  # mapped files take a descriptor each, of the usual 1024
MAX_FILE_NAME = 255


@dataclass(frozen=True, eq=False)
class ShardedTensors:
    """Several safetensors files with an index, used like one `TensorFile`.

    path    of the index
    shards  in the order of their names
    """

    path: Path
    shards: tuple[TensorFile, ...]
    _homes: dict[str, TensorFile]

    @property
    def names(self) -> tuple[str, ...]:
        """All tensors, in the order of the shards and of their data."""
        return tuple(self._homes)

    def path_of(self, name: str) -> Path:
        """The shard that has a tensor; of one that none has, the index."""
        home = self._homes.get(name)
        return home.path if home else self.path

    def shape(self, name: str) -> tuple[int, ...]:
        """See `TensorFile`."""
        return self._home(name).shape(name)

    def dtype(self, name: str) -> str:
        """See `TensorFile`."""
        return self._home(name).dtype(name)

    def nbytes(self, name: str) -> int:
        """See `TensorFile`."""
        return self._home(name).nbytes(name)

    def tensor(self, name: str) -> NDArray[Any]:
        """See `TensorFile`."""
        return self._home(name).tensor(name)

    def release(self, name: str) -> None:
        """See `TensorFile`."""
        self._home(name).release(name)

    def _home(self, name: str) -> TensorFile:
        if name not in self._homes:
            raise _fault(self.path, f"tensor {shown(name)} is missing; use an index that has it")
        return self._homes[name]


Tensors = TensorFile | ShardedTensors


def open_folder(folder: Path) -> Tensors:
    """model.safetensors of a folder, or else what its model.safetensors.index.json lists.

    Where both are there the single file is taken, as by transformers. Any fault is one
    `BitsimError`.
    """
    index = folder / INDEX
    if (folder / WHOLE).is_file() or not index.exists():
        return open_tensors(folder / WHOLE)
    return open_index(index)


def open_index(path: Path) -> ShardedTensors:
    """Open every shard of an index; index and shards must list the same tensors, each once.

    `metadata.total_size` is not compared: nothing is computed from it, transformers does not look
    at it either, and every size is checked in the shards' own headers.
    """
    homes = _weight_map(path)
    files = sorted(set(homes.values()))
    if len(files) > MAX_SHARDS:
        raise _fault(path, f"names {len(files)} files, of at most {MAX_SHARDS}; use larger shards")
    shards: list[TensorFile] = []
    found: dict[str, TensorFile] = {}
    header_bytes = 0
    for file in files:
        shard = open_tensors(path.with_name(file))
        header_bytes += shard.header_bytes
        if header_bytes > MAX_HEADER_BYTES:
            raise _fault(
                shard.path,
                f"its header and those of the shards before it have {header_bytes} bytes, of at "
                f"most {MAX_HEADER_BYTES}; use fewer tensors",
            )
        for name in shard.names:
            if homes.get(name) != file:
                raise _stray(path, name, shard, homes.get(name))
            found[name] = shard
        shards.append(shard)
    for name, file in homes.items():
        if name not in found:
            raise _fault(
                path,
                f"tensor {shown(name)} is not in {shown(file)}, where the index has it; use files "
                f"that belong together",
            )
    return ShardedTensors(path, tuple(shards), found)


def _weight_map(path: Path) -> dict[str, str]:
    """By tensor, the name of a file beside the index."""
    try:
        table = strict_json.parse(base.read_text(path, MAX_HEADER_BYTES))
    except ValueError as error:
        raise _fault(path, f"not plain JSON: {error}; write or download the file again") from None
    if not isinstance(table, dict) or not isinstance(table.get("weight_map"), dict):
        raise _fault(
            path, "weight_map: must be there and map tensors to files; download the file again"
        )
    homes: dict[str, str] = table["weight_map"]
    if not homes:
        raise _fault(path, "weight_map = {}: lists no tensors; download the file again")
    for name, file in homes.items():
        if not isinstance(file, str) or not _is_plain(file):
            raise _fault(
                path,
                f"weight_map: tensor {shown(name)} in {shown(file)}: must be a name of at most "
                f"{MAX_FILE_NAME} bytes that ends in {SUFFIX}, of a file in the same folder",
            )
    return homes


def _is_plain(file: str) -> bool:
    """Whether it can only be a safetensors file beside the index."""
    return (
        file.isprintable()
        and file.endswith(SUFFIX)
        and not any(each in file for each in "/\\")
        and len(file.encode()) <= MAX_FILE_NAME
    )


def _stray(path: Path, name: str, shard: TensorFile, home: str | None) -> BitsimError:
    says = "does not list it" if home is None else f"has it in {shown(home)}"
    return _fault(
        shard.path,
        f"tensor {shown(name)}: {shown_path(path.name)} {says}; use files that belong together",
    )


def _fault(path: Path, text: str) -> BitsimError:
    return BitsimError(f"{shown_path(path)}: {text}")
