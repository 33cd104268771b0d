"""Which designs no other one beats."""

from __future__ import annotations

from collections.abc import Iterable

from bitsim.sweeps.evaluate import Evaluation


def pareto_front(evaluations: Iterable[Evaluation]) -> tuple[Evaluation, ...]:
    """Designs that no other one beats, fastest first.

    One beats another if it has no fewer tokens/s, no more J per token and no more mm2, and is
    better in at least one. Designs that are equal in all three are all in the front.
    """
    ordered = sorted(evaluations, key=lambda each: (*_costs(each), each.index))
    front: list[Evaluation] = []
    for each in ordered:  # whatever beats a design comes before it
        if not any(_beats(better, each) for better in front):
            front.append(each)
    return tuple(front)


def _costs(each: Evaluation) -> tuple[float, float, float]:
    """Less is better."""
    return (-each.tokens_per_s, each.energy_j_per_token, each.total_area_mm2)


def _beats(one: Evaluation, other: Evaluation) -> bool:
    ours, theirs = _costs(one), _costs(other)
    return ours != theirs and all(a <= b for a, b in zip(ours, theirs, strict=True))
