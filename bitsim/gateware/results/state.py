"""The states of the result stage."""

from __future__ import annotations

from amaranth.lib import enum


class ResultState(enum.Enum, shape=3):
    """As docs/top.md has them."""

    IDLE = 0
    PASS = 1
    COLLECT = 2
    SETTLE = 3
    SCALE = 4
    STEP = 5
    TABLE = 6
    EMIT = 7
