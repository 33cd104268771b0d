"""A line now and then for work that takes long."""

from __future__ import annotations

import time

from bitsim.cli import options

FIRST_S = 5.0  # nothing is said of what takes less
EVERY_S = 5.0


class Progress:
    """Called with how many of how many are done; says on stderr how long the rest will take."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._began = self._said = time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        """`done` of `of` pieces of about the same size are done."""
        now = time.monotonic()
        if now - self._said < EVERY_S or now - self._began < FIRST_S:
            return
        self._said = now
        left_s = (now - self._began) / done * (of - done)
        options.note(f"{self._what} {done} of {of}; about {left_s:.0f} s left")
