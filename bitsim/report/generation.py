"""What was generated, beside what it cost."""

from __future__ import annotations

from typing import Protocol


class Generation(Protocol):
    """The tokens of one run, and how far they can be believed.

    A protocol, since whoever compared the sums has a record of its own.
    """

    @property
    def prompt(self) -> str:
        """What was continued."""

    @property
    def text(self) -> str:
        """What follows the prompt."""

    @property
    def token_ids(self) -> tuple[int, ...]:
        """The tokens of `text`."""

    @property
    def synthetic(self) -> bool:
        """Weights are made up: times and counts hold, the text means nothing."""

    @property
    def sums_compared(self) -> int:
        """Sums of the array that were held against the reference."""

    @property
    def mismatches(self) -> int:
        """Sums that differed."""


def bit_exact(generation: Generation | None) -> bool | None:
    """Whether every sum was the reference's; None if none was compared."""
    if generation is None or generation.sums_compared == 0:
        return None
    return generation.mismatches == 0
