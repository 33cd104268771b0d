"""Compiled kernels that numba keeps beside their sources, and when they are of no use any more.

numba looks at the file of a kernel alone. A kernel that calls one of another file would go on as it
was compiled when only that other file has changed, by an edit or a `git pull`.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

_STAMP = "kernels.stamp"


def forget_stale_kernels(folder: Path) -> None:
    """Drop numba's index of every kernel below `folder` if any source there has changed since.

    To be called before the kernels are imported. A folder that cannot be written is left as it is:
    numba keeps its kernels elsewhere then, and an installation is only ever replaced as a whole.
    """
    sources = sorted(folder.rglob("*.py"))
    states = [(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in sources]
    stamp = hashlib.sha256(repr(states).encode()).hexdigest()
    kept = folder / "__pycache__" / _STAMP
    with contextlib.suppress(OSError):
        if kept.exists() and kept.read_text() == stamp:
            return
        for index in folder.rglob("__pycache__/*.nbi"):
            index.unlink(missing_ok=True)
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(stamp)
