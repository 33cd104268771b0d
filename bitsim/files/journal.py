"""What a long run has finished, step by step, in a folder.

A step is one file, written whole or not at all: after a kill, a run goes on after its last finished
step. A step holds the sums of the hardware, so that a walk through a network is repeated up to
there without the hardware. Each file has a checksum.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError, shown_path
from bitsim.files.atomic import atomic_file

# What reading a file raises that was cut, or that something else wrote.
_DAMAGE = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile)


@dataclass(frozen=True, eq=False)
class Kept:
    """One ternary product.

    sums   (m, n)  int32, by the hardware
    about  what else is known of the product, as a JSON value
    """

    name: str
    sums: NDArray[np.int32]
    about: dict[str, Any]


class Journal:
    """The finished steps of one run; `identity` distinguishes it from all other runs.

    What another run has left stays where it is: other code, weights or work is another identity.
    """

    def __init__(self, work: Path, run: str, step: str, identity: Iterable[str]) -> None:
        """`run` and `step`: how folder and files begin."""
        digest = hashlib.sha256(repr(list(identity)).encode()).hexdigest()[:24]
        self.folder = work / f"{run}-{digest}"  # made when something is kept
        self._step = step

    def steps(self) -> list[tuple[Kept, ...]]:
        """The steps before the first gap, in order."""
        found: list[tuple[Kept, ...]] = []
        while (path := self._path(len(found))).exists():
            try:
                found.append(_read(path))
            except _DAMAGE as error:
                raise self.refusal(
                    f"{shown_path(path)}: is not what a run left ({type(error).__name__})"
                ) from None
        return found

    def keep(self, index: int, products: Sequence[Kept]) -> None:
        """Write step `index`."""
        about = [{"name": each.name, "about": each.about} for each in products]
        arrays: dict[str, Any] = {f"sums_{place}": each.sums for place, each in enumerate(products)}
        self.folder.mkdir(parents=True, exist_ok=True)
        arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
        arrays["checksum"] = np.frombuffer(_checksum(arrays), np.uint8)
        with atomic_file(self._path(index)) as file:
            np.savez(file, **arrays)

    def refusal(self, fault: str) -> BitsimError:
        """The error when the run cannot be resumed."""
        return BitsimError(f"{fault}; delete {shown_path(self.folder)} and start again")

    def remove(self) -> None:
        """The run has come to its end."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _path(self, index: int) -> Path:
        return self.folder / f"{self._step}_{index:06}.npz"


def _read(path: Path) -> tuple[Kept, ...]:
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    if arrays.pop("checksum").tobytes() != _checksum(arrays):
        raise ValueError("checksum")
    about = json.loads(arrays["about"].tobytes())
    return tuple(
        Kept(each["name"], arrays[f"sums_{place}"], dict(each["about"]))
        for place, each in enumerate(about)
    )


def _checksum(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    digest = hashlib.sha256()
    for name, values in sorted(arrays.items()):
        digest.update(f"{name} {values.dtype.str} {values.shape} ".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.digest()
