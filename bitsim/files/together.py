"""Files that belong together: all take their names, or none does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from bitsim.files.atomic import is_no_file, partial_path, remove_partial, unwritable


class Together:
    """What one command writes and removes, in any folders; see `together`."""

    def __init__(self) -> None:
        self._written: dict[Path, Path] = {}  # by the path that it becomes
        self._before: dict[Path, Path] = {}  # where what had the name is kept meanwhile

    def place(self, path: Path) -> Path:
        """Where to write what becomes `path`: beside it, or there if that is a device or a pipe."""
        if is_no_file(path):
            return path
        self._before[path] = partial_path(path)
        return self._written.setdefault(path, partial_path(path))

    def remove(self, path: Path) -> None:
        """Remove an older file, which is none of the new ones, when they take their names."""
        self._before[path] = partial_path(path)

    def publish(self) -> None:
        """Replace the old files by the new ones; a fault or a signal undoes every replacement."""
        missing = [path for path in self._written.values() if not path.exists()]
        assert not missing, f"a place was asked for and not written: {missing}"
        try:
            for path, before in self._before.items():
                try:
                    self._exchange(path, before)
                except OSError as error:
                    raise unwritable(path, error) from None
        except BaseException:
            self._undo()
            raise

    def _exchange(self, path: Path, before: Path) -> None:
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder")
        with contextlib.suppress(FileNotFoundError):
            path.rename(before)
        if path in self._written:
            self._written[path].rename(path)

    def _undo(self) -> None:
        """From what is found on the disk, since a signal may come between any two steps."""
        for path, before in self._before.items():
            if path in self._written and not self._written[path].exists():
                path.unlink(missing_ok=True)
            if before.exists():
                before.rename(path)

    def discard(self) -> None:
        """Remove the temporary files that are left."""
        for each in (*self._written.values(), *self._before.values()):
            remove_partial(each)


@contextlib.contextmanager
def together() -> Iterator[Together]:
    """Hands out temporary places; at the end of the `with`, all that was written takes its name.

    A fault, a full disk, Ctrl-C and SIGTERM leave what was there before, and no temporary file.
    """
    files = Together()
    try:
        yield files
        files.publish()
    finally:
        files.discard()
