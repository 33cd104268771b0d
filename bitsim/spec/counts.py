"""What a machine did, counted. Written by array, memory and system; priced by cost."""

from __future__ import annotations

from dataclasses import dataclass, fields

WAITS = ("weights", "activations", "results", "drain")


@dataclass(frozen=True)
class ArrayCounts:
    """Counters of one phase or of many: the hardware's own (docs/machine.md)."""

    cycles: int = 0
    busy: int = 0
    wait_weights: int = 0
    wait_activations: int = 0
    wait_results: int = 0
    drain: int = 0
    adds: int = 0
    subtracts: int = 0
    skips: int = 0

    def __add__(self, other: ArrayCounts) -> ArrayCounts:
        return ArrayCounts(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )


@dataclass(frozen=True)
class WorkCounts:
    """Work of a unit beside the array, and its traffic to DRAM.

    `multiplies` and `adds` are in the unit's own arithmetic.
    """

    multiplies: int = 0
    adds: int = 0
    read_bytes: int = 0
    written_bytes: int = 0

    def __add__(self, other: WorkCounts) -> WorkCounts:
        return WorkCounts(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )
