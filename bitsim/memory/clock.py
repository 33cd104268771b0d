"""Simulated time."""

from __future__ import annotations

import simpy


class Clock(simpy.Environment):
    """Whole cycles of the accelerator's clock: nothing in bitsim waits for a part of one."""

    @property
    def now(self) -> int:
        """The current cycle."""
        return int(super().now)
