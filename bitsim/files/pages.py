"""Pages of a mapped file: resident when read, and let go when no longer of use."""

from __future__ import annotations

import mmap


def release(mapped: mmap.mmap, begin: int, end: int) -> None:
    """Give back the resident pages of bytes [begin, end) of a read-only file mapping.

    Nothing is lost: a later read gets the same bytes from the file. A system without such advice
    keeps the pages until it needs the memory.
    """
    if hasattr(mapped, "madvise") and hasattr(mmap, "MADV_DONTNEED"):
        first = begin - begin % mmap.PAGESIZE
        mapped.madvise(mmap.MADV_DONTNEED, first, end - first)
