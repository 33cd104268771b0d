"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from bitsim.errors import BitsimError, reason, shown_path

_PARTIAL = re.compile(r"\.[0-9a-f]{8}\.partial$")  # what `partial_path` adds


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes its name only when everything has reached the disk.

    A fault, a full disk and Ctrl-C leave what was there before, and no temporary file; an existing
    file is replaced. A device or a pipe, such as /dev/null, is written to and stays what it is.
    """
    if is_no_file(path):
        try:
            with path.open("wb") as file:
                yield file
        except OSError as error:
            raise unwritable(path, error) from None
        return
    temporary = partial_path(path)
    try:
        with _opened(temporary, path) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        remove_partial(temporary)


def _opened(temporary: Path, path: Path) -> BinaryIO:
    try:
        return temporary.open("xb")
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None


def is_no_file(path: Path) -> bool:
    """Whether `path` is written to as it is: a device, a pipe, a socket."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # nothing is there, or nothing can be
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def partial_path(path: Path) -> Path:
    """A name beside `path` that nothing else has, for what is not finished yet."""
    return path.with_name(f"{path.name[:200]}.{secrets.token_hex(4)}.partial")


def remove_partial(path: Path) -> None:
    """Remove what is not finished, if anything is there."""
    with suppress(OSError, ValueError):  # of a path that can be none, which has been said
        path.unlink(missing_ok=True)


def unwritable(path: Path, error: OSError | ValueError) -> BitsimError:
    """What to say when a file or folder, or the temporary one for it, cannot be written."""
    final = _PARTIAL.sub("", str(path))
    return BitsimError(
        f"{shown_path(final)}: cannot be written ({reason(error)}); free space, or name another "
        f"place"
    )
