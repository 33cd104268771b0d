"""What was generated, beside what it cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Generation:
    """The tokens of one run, and how far they can be believed."""

    prompt: str
    text: str  # what follows the prompt
    token_ids: tuple[int, ...]  # of `text`
    bit_exact: bool | None  # every sum equal to the reference; None: not compared
    synthetic: bool  # weights are made up: times are right, the text means nothing
    command: str = ""  # that does it again
