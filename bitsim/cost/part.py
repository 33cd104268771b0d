"""One line of an account."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A part of the machine and what it costs: J or mm2, as the list that holds it says."""

    name: str  # "lanes", "accumulators", "dram", ...
    value: float
    how: str  # the formula with its numbers, for a reader who wants to check it
    sources: tuple[str, ...]  # of the figures used
    estimate: bool  # True if any figure used is one
