"""What long work tells whoever started it."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]  # a line for a person
Progress = Callable[[int, int], None]  # how many of how many are done
