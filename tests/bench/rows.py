"""Rows of `make bench`: medians of several runs, and from where to where the runs went."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line: a figure, and its ratio to a named alternative of the same run.

    value        median of the runs
    ratio        median of ours over the alternative's, run by run; None: there is no alternative
    least, most  of these ratios
    """

    name: str
    value: float
    unit: str
    alternative: str | None = None
    ratio: float | None = None
    least: float | None = None
    most: float | None = None

    def text(self) -> str:
        """For people."""
        line = f"{self.name:58s} {self.value:14,.1f} {self.unit:12s}"
        if self.ratio is None:
            return line.rstrip()
        spread = f"{self.ratio:.2f} ({self.least:.2f} to {self.most:.2f})"
        return f"{line} {spread} x {self.alternative}"


def row(
    name: str,
    unit: str,
    ours: Sequence[float],
    alternative: str | None = None,
    other: Sequence[float] | None = None,
) -> Row:
    """Of what several runs measured; of each run `ours` and `other` stand at the same place."""
    value = statistics.median(ours)
    if other is None:
        return Row(name, value, unit)
    ratios = [mine / theirs for mine, theirs in zip(ours, other, strict=True)]
    return Row(name, value, unit, alternative, statistics.median(ratios), min(ratios), max(ratios))


def over(amount: float, seconds: Sequence[float]) -> list[float]:
    """Rates: `amount` in each of these times."""
    return [amount / each for each in seconds]


def seconds_of(call: Callable[[], object], runs: int) -> list[float]:
    """Seconds of each of several calls, after one that compiles and is not counted."""
    call()
    return [one_s(call) for _ in range(runs)]


def one_s(call: Callable[[], object]) -> float:
    """Seconds of one call by the clock."""
    start_s = time.perf_counter()
    call()
    return time.perf_counter() - start_s
