"""What a run of a network through the Verilog has finished, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bitsim.agreement.tally import Tally
from bitsim.files.journal import Journal, Kept


@dataclass(frozen=True, eq=False)
class Finished:
    """One phase: its sums by the Verilog, (m, n) int32, and what they were compared with."""

    name: str
    sums: NDArray[np.int32]
    tally: Tally


class TokenJournal:
    """The finished layers of one run; `identity` distinguishes it from all other runs."""

    def __init__(self, work: Path, identity: Iterable[str]) -> None:
        self._journal = Journal(work, "token", "layer", identity)
        self.folder = self._journal.folder

    def layers(self) -> list[tuple[Finished, ...]]:
        """The layers before the first gap, in order."""
        try:
            return [tuple(map(_finished, layer)) for layer in self._journal.steps()]
        except TypeError:  # a tally of other fields
            raise self._journal.refusal(f"{self.folder.name}: another bitsim left it") from None

    def keep(self, index: int, phases: Sequence[Finished]) -> None:
        """Write layer `index`, counted over all passes."""
        kept = [Kept(each.name, each.sums, asdict(each.tally)) for each in phases]
        self._journal.keep(index, kept)

    def remove(self) -> None:
        """The run has come to its end."""
        self._journal.remove()


def _finished(kept: Kept) -> Finished:
    return Finished(kept.name, kept.sums, Tally(**kept.about))
