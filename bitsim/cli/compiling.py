"""The message that numba compiles, and a clock that stands still meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bitsim.callbacks import Say
from bitsim.kernel_cache import FOR_THIS_RUN, temporary_cache


def announce(say: Say) -> None:
    """Announce the first kernel that is compiled, once in this process; imports numba.

    A kernel that is found in the cache is not announced, nor is one that is never kept.
    """
    from numba.core import event

    for_this_run = temporary_cache()

    class Announcer(event.Listener):
        told = False

        def on_start(self, event: Any) -> None:
            folder = event.data["dispatcher"].stats.cache_path
            if folder is None or self.told:
                return
            self.told = True
            kept = FOR_THIS_RUN if for_this_run else f"once; kept below {Path(folder).parent}"
            say(f"compiling kernels ({kept})")

        def on_end(self, event: Any) -> None:
            pass

    event.register("numba:compile", Announcer())


@contextmanager
def work_clock() -> Iterator[Callable[[], float]]:
    """Seconds of work: a clock that stands still while this process compiles kernels."""
    from numba.core import event

    class Stopwatch(event.Listener):
        depth = 0  # a kernel that calls another is compiled around it
        began_s = 0.0
        compiled_s = 0.0

        def on_start(self, event: Any) -> None:
            if self.depth == 0:
                self.began_s = time.monotonic()
            self.depth += 1

        def on_end(self, event: Any) -> None:
            if self.depth == 0:  # it began before this clock
                return
            self.depth -= 1
            if self.depth == 0:
                self.compiled_s += time.monotonic() - self.began_s

        def now_s(self) -> float:
            now = self.began_s if self.depth else time.monotonic()
            return now - self.compiled_s

    watch = Stopwatch()
    with event.install_listener("numba:compile", watch):
        yield watch.now_s
