"""What a run of a network through the Verilog has finished, layer by layer, in a folder.

A layer is one file that is there whole or not at all: a run that is killed goes on behind the last
one. The sums are those of the hardware, so that the walk through the network can be repeated up to
there without it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError, shown_path
from bitsim.trace.atomic import atomic_file

# What reading a file raises that was cut, or that something else wrote.
_DAMAGE = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile)


@dataclass
class Tally:
    """What was compared, and what differed.

    cycles  in which a list ran, in the Verilog
    """

    phases: int = 0
    products: int = 0
    values: int = 0
    cycles: int = 0
    value_mismatches: int = 0
    cycle_mismatches: int = 0
    counter_mismatches: int = 0
    bus_faults: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what another compared."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def agrees(self) -> bool:
        """Nothing differed."""
        return not self.differences


@dataclass(frozen=True, eq=False)
class Finished:
    """One phase: its sums by the Verilog, (m, n) int32, and what they were compared with."""

    name: str
    sums: NDArray[np.int32]
    tally: Tally


class TokenJournal:
    """The layers that are finished, of the run that `identity` tells from all others."""

    def __init__(self, work: Path, identity: Iterable[str]) -> None:
        digest = hashlib.sha256(repr(list(identity)).encode()).hexdigest()[:24]
        self.folder = work / f"token-{digest}"
        self.folder.mkdir(parents=True, exist_ok=True)

    def layers(self) -> list[tuple[Finished, ...]]:
        """Those behind which no gap is, in order."""
        found: list[tuple[Finished, ...]] = []
        while (path := self._path(len(found))).exists():
            try:
                found.append(_read(path))
            except _DAMAGE as error:
                raise BitsimError(
                    f"{shown_path(path)}: is not what a run left ({type(error).__name__}); delete "
                    f"{shown_path(self.folder)} and start again"
                ) from None
        return found

    def keep(self, index: int, phases: Sequence[Finished]) -> None:
        """Write layer `index`, counted over all passes."""
        about = [{"name": each.name, "tally": asdict(each.tally)} for each in phases]
        arrays: dict[str, Any] = {f"sums_{place}": each.sums for place, each in enumerate(phases)}
        arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
        with atomic_file(self._path(index)) as file:
            np.savez(file, **arrays)

    def remove(self) -> None:
        """The run has come to its end."""
        shutil.rmtree(self.folder)

    def _path(self, index: int) -> Path:
        return self.folder / f"layer_{index:06}.npz"


def _read(path: Path) -> tuple[Finished, ...]:
    with np.load(path, allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        return tuple(
            Finished(each["name"], arrays[f"sums_{place}"], Tally(**each["tally"]))
            for place, each in enumerate(about)
        )
