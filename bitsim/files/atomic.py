"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bitsim.errors import BitsimError, reason, shown_path


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes its name only when everything has reached the disk.

    A fault, a full disk and Ctrl-C leave what was there before, and no temporary file; an existing
    file is replaced. What is no file, as /dev/null or a pipe, is written to and stays what it is.
    """
    if _is_no_file(path):
        try:
            with path.open("wb") as file:
                yield file
        except OSError as error:
            raise unwritable(path, error) from None
        return
    temporary = partial_path(path)
    try:
        file = temporary.open("xb")
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        temporary.unlink(missing_ok=True)


def _is_no_file(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # nothing is there, or nothing can be
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def partial_path(path: Path) -> Path:
    """A name beside `path` that nothing else has, for what is not finished yet."""
    return path.with_name(f"{path.name[:200]}.{secrets.token_hex(4)}.partial")


def unwritable(path: Path, error: OSError | ValueError) -> BitsimError:
    """What to say when a file or folder cannot be written."""
    return BitsimError(
        f"{shown_path(path)}: cannot be written ({reason(error)}); free space, or name another "
        f"place"
    )
