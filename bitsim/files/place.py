"""A place for something new: nothing is there yet, and its disk has room."""

from __future__ import annotations

import shutil
from pathlib import Path

from bitsim.errors import BitsimError, shown_path
from bitsim.files.atomic import unwritable


def require_place(path: Path, total_bytes: int, what: str) -> None:
    """`BitsimError` if something is at `path` or its disk has not the bytes free.

    what  "folder" or "file": for the error's text
    """
    try:
        if _is_there(path):
            raise BitsimError(f"{shown_path(path)}: exists already; name a new {what}")
        free_bytes = shutil.disk_usage(path.absolute().parent).free
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None
    if total_bytes > free_bytes:
        raise BitsimError(
            f"{shown_path(path)}: needs {total_bytes} bytes, {free_bytes} are free on "
            f"its disk; free space, or name another place"
        )


def _is_there(path: Path) -> bool:
    """True for a link that leads nowhere, too; OSError or ValueError if this can be no path."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True
