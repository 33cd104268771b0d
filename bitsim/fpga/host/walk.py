"""Products by a board, each step kept when it is finished, so that a killed run can be resumed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import shown_path
from bitsim.files.journal import Journal, Kept
from bitsim.fpga.host.tally import BoardTally
from bitsim.reference.kernels.product.product import exact_product
from bitsim.trace.event import Event

Sums = list[NDArray[np.int32]]
Run = Callable[[Sequence[Event]], tuple[Sums, BoardTally]]


class Walk:
    """Has a board do, step by step, what no earlier call has done.

    resumed  events of an earlier call
    """

    def __init__(self, journal: Journal, run: Run) -> None:
        self._journal = journal
        self._run = run
        self._before = journal.steps()
        self._tallies = [self._tally_of(kept) for kept in self._before]
        self.resumed = sum(map(len, self._before))
        self._done = 0  # steps
        self.tally = BoardTally()

    def step(self, events: Sequence[Event]) -> Sums:
        """(m, n) int32 sums of each event."""
        place = self._done
        self._done += 1
        if place < len(self._before):
            kept = self._before[place]
            self._require_same(events, kept, self._tallies[place])
            self.tally.add(self._tallies[place])
            return [each.sums for each in kept]
        sums, tally = self._run(events)
        # The first product of a step keeps what was compared for the whole step.
        abouts: list[dict[str, Any]] = [asdict(tally), *({} for _ in events[1:])]
        self._journal.keep(
            place,
            [
                Kept(event.name, found, about)
                for event, found, about in zip(events, sums, abouts, strict=True)
            ],
        )
        self.tally.add(tally)
        return sums

    def _tally_of(self, kept: Sequence[Kept]) -> BoardTally:
        try:
            return BoardTally(**kept[0].about)
        except TypeError:
            raise self._journal.refusal(
                f"{shown_path(self._journal.folder)}: another version of bitsim left it"
            ) from None

    def _require_same(
        self, events: Sequence[Event], kept: Sequence[Kept], compared: BoardTally
    ) -> None:
        """Check that the sums of an earlier call belong to these inputs and these weights."""
        same = [event.name for event in events] == [each.name for each in kept]
        wrong = compared.value_mismatches > 0
        for event, each in zip(events, kept, strict=False):
            exact = exact_product(event)
            same = same and exact.shape == each.sums.shape
            same = same and (wrong or np.array_equal(exact, each.sums))
        if not same:
            raise self._journal.refusal(
                f"{shown_path(self._journal.folder)}: {events[0].name} has other weights or "
                f"another input than when it was run"
            )
