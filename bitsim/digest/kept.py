"""What was found in source files, kept in a file, so that a command need not read them again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from bitsim.digest import source
from bitsim.digest.source import Import, Source


class KeptSources:
    """By path, what a file says, for the size and the times that it had.

    place  of the file that keeps them; None: nowhere
    """

    def __init__(self, place: Path | None) -> None:
        self._place = place
        # Of the reader: what another one found is of no use.
        self._reader = hashlib.sha256(Path(source.__file__).read_bytes()).hexdigest()
        self._files: dict[str, Any] = self._read()
        self._changed = False

    def get(self, file: str, status: os.stat_result) -> Source | None:
        """What is known of a file in this state."""
        state, code, imports, attributes = self._files.get(file) or (None, "", (), ())
        if state != _state(status):
            return None
        return Source(code, tuple(Import(*each) for each in imports), tuple(attributes))

    def put(self, file: str, status: os.stat_result, found: Source) -> None:
        """Know it from now on."""
        self._files[file] = [_state(status), *found]
        self._changed = True

    def write(self) -> None:
        """To be called at the end; without effect if the file cannot be written."""
        if self._place is None or not self._changed:
            return
        partial = self._place.with_name(f"{self._place.name}.{os.getpid()}")
        with contextlib.suppress(OSError):  # nothing is lost but time
            self._place.parent.mkdir(exist_ok=True)
            partial.write_text(json.dumps([self._reader, self._files]))
            partial.replace(self._place)

    def _read(self) -> dict[str, Any]:
        if self._place is None:
            return {}
        try:
            reader, files = json.loads(self._place.read_bytes())
        except (OSError, ValueError):  # not there, or cut: everything is read again
            return {}
        return files if reader == self._reader else {}


def _state(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
