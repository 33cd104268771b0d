"""A whole sweep: what is not yet on record is evaluated, and the best are picked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bitsim.callbacks import Progress, Say
from bitsim.errors import BitsimError
from bitsim.sweeps.designs import Sweep
from bitsim.sweeps.evaluate import Evaluation, Refusal
from bitsim.sweeps.pareto import pareto_front
from bitsim.sweeps.store import open_store
from bitsim.sweeps.workers import outcomes


@dataclass(frozen=True)
class SweepResult:
    """Every design of a sweep, by index: evaluated or refused."""

    sweep: Sweep
    evaluations: tuple[Evaluation, ...]
    refusals: tuple[Refusal, ...]

    def __repr__(self) -> str:
        return (
            f"<SweepResult: {self.sweep.name}, {len(self.evaluations)} designs evaluated, "
            f"{len(self.refusals)} refused, {len(self.pareto)} that no other one beats>"
        )

    @cached_property
    def pareto(self) -> tuple[Evaluation, ...]:
        """Designs that no other one beats, fastest first; see `pareto_front`."""
        return pareto_front(self.evaluations)


def run_sweep(
    sweep: Sweep,
    workers: int,
    db_path: Path,
    say: Say | None = None,
    progress: Progress | None = None,
) -> SweepResult:
    """Evaluate every design that `db_path` does not hold yet, by `workers` processes.

    Each finished design is on disk before the next is asked for, so a killed sweep goes on where
    it was. The result does not depend on `workers`. A recorded row is used only if the design, its
    network, its technology and the code that evaluates it are unchanged. `progress` gets two
    numbers: the missing designs that are done, and all missing designs.
    """
    if workers < 1:
        raise BitsimError(f"workers = {workers}: must be 1 or more")
    with open_store(db_path, sweep) as store:
        done = store.outcomes()
        missing = [index for index in range(sweep.spec.count) if index not in done]
        if say:
            say(f"{sweep.name}: {sweep.spec.count} designs, {len(done)} of them on record")
        if say and store.damaged:
            say(f"{db_path.name}: rows that are not as written: {store.damaged}; evaluated again")
        for number, outcome in enumerate(outcomes(sweep, missing, workers), 1):
            store.add(outcome)
            done[outcome.index] = outcome
            if progress:
                progress(number, len(missing))
    everything = [done[index] for index in sorted(done)]
    return SweepResult(
        sweep=sweep,
        evaluations=tuple(each for each in everything if isinstance(each, Evaluation)),
        refusals=tuple(each for each in everything if isinstance(each, Refusal)),
    )
