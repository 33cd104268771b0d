"""The one comparer: two readings held against each other, and what differed, counted by kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bitsim.spec.counts import ArrayCounts


@dataclass
class Tally:
    """What was compared, and what differed.

    cycles       that were simulated
    rule_faults  broken rules of streams or of the bus
    differences  a line for a person each
    """

    phases: int = 0
    products: int = 0
    values: int = 0
    cycles: int = 0
    value_mismatches: int = 0
    cycle_mismatches: int = 0
    counter_mismatches: int = 0
    rule_faults: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, other: Self) -> None:
        """Add what another compared."""
        for name, value in asdict(other).items():
            setattr(self, name, _sum(getattr(self, name), value))

    @property
    def agrees(self) -> bool:
        """Nothing differed."""
        return not self.differences

    def same_values(
        self, what: str, found: NDArray[Any] | None, expected: NDArray[Any] | None
    ) -> None:
        """Arrays of one shape, or None for both."""
        if found is None or expected is None:
            assert found is expected, what
            return
        assert found.shape == expected.shape, (what, found.shape, expected.shape)
        wrong = found != expected
        if not wrong.any():
            return
        count = int(np.count_nonzero(wrong))
        place = tuple(int(index) for index in np.argwhere(wrong)[0])
        self.value_mismatches += count
        self.differences.append(
            f"{what}: {count} of {wrong.size} values, the first at {place}: {found[place]} instead "
            f"of {expected[place]}"
        )

    def same_cycle(self, what: str, ours: int, theirs: int) -> None:
        """A cycle of the model and of the Verilog."""
        self.cycle_mismatches += self._same(what, ours, theirs)

    def same_counter(self, what: str, ours: int, theirs: int) -> None:
        """A counter of the model and of the Verilog."""
        self.counter_mismatches += self._same(what, ours, theirs)

    def same_count(self, what: str, ours: int, theirs: int) -> None:
        """Compare how many there are. A missing one counts as a cycle that differs."""
        if self._same(what, ours, theirs):
            self.cycle_mismatches += abs(ours - theirs)

    def same_array_counts(self, what: str, ours: ArrayCounts, theirs: ArrayCounts) -> None:
        """Every counter of an array."""
        for counter in fields(ArrayCounts):
            pair = getattr(ours, counter.name), getattr(theirs, counter.name)
            self.same_counter(f"{what}: {counter.name}", *pair)

    def broken(self, faults: Iterable[str]) -> None:
        """Broken rules, in words."""
        for fault in faults:
            self.rule_faults += 1
            self.differences.append(f"Verilog: {fault}")

    def _same(self, what: str, ours: int, theirs: int) -> int:
        if ours == theirs:
            return 0
        self.differences.append(f"{what}: model {ours}, Verilog {theirs}")
        return 1


@dataclass(frozen=True)
class Failure:
    """A case that did not agree: in what, and how to make it again."""

    case: str
    differences: tuple[str, ...]
    reproduction: str  # TOML


@dataclass
class Agreement(Tally):
    """Many cases compared; a phase has two cycles, its first and its end."""

    cases: int = 0
    failures: list[Failure] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Nothing differed, and there was something to compare."""
        return self.cases > 0 and not self.differences

    def enter(self, case: str, found: Tally, reproduction: str) -> None:
        """Add a case, with what reproduces it where it differed."""
        super().add(found)  # type: ignore[arg-type]
        self.cases += 1
        if found.differences:
            self.failures.append(Failure(case, tuple(found.differences), reproduction))


def _sum(one: Any, other: Any) -> Any:
    """Of numbers and lists; of tables key by key."""
    if isinstance(one, dict):
        return {key: one.get(key, 0) + other.get(key, 0) for key in {**one, **other}}
    return one + other
