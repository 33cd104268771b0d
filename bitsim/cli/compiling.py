"""What a user is told of numba's compiling: that it happens, and where it cannot be kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

NO_PLACE = "no locator available"  # of numba's RuntimeError when no cache folder can be written


def announce(say: Callable[[str], None]) -> None:
    """Let the first kernel that is compiled be told, once in this process; imports numba.

    A kernel that is found in the cache tells nothing, and neither does one that is never kept.
    """
    from numba.core import event

    class Announcer(event.Listener):
        told = False

        def on_start(self, event: Any) -> None:
            folder = event.data["dispatcher"].stats.cache_path
            if folder is None or self.told:
                return
            self.told = True
            say(f"compiling kernels (once; kept below {Path(folder).parent})")

        def on_end(self, event: Any) -> None:
            pass

    event.register("numba:compile", Announcer())


def fault(error: RuntimeError) -> str | None:
    """The line for a cache that has no place; None for any other error."""
    if NO_PLACE not in str(error):
        return None
    return (
        "compiled kernels cannot be kept: neither bitsim's own folder nor the user's cache folder "
        "can be written; set NUMBA_CACHE_DIR to a folder that can"
    )
