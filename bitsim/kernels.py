"""Compiled kernels, kept beside their sources and found again while their code is the same.

numba's own cache looks at the whole text of a kernel's own file, and at no other file. So a change
in another file, with a kernel that this one calls, would not be noticed, and each comment would
compile the file anew. A cache file of 0 bytes, as a crash of the machine leaves it, would end
every later run. So the files are ours: each is named by the digest of the code that its kernel
consists of, and has a checksum of its content.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numba
from numba.core import types
from numba.core.caching import FunctionCache
from numba.core.serialize import dumps

from bitsim.digest import code_digest

CHECKSUM_BYTES = hashlib.sha256().digest_size


def njit(cache: bool = False, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.njit`; what `cache` keeps is found again as this file says.

    A kernel of another package is not kept, nor one that is compiled for another package's classes.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        dispatcher: Any = numba.njit(**options)(function)
        if cache and _is_ours(function.__module__) and dispatcher is not function:
            dispatcher._cache = _KernelCache(function)
        return dispatcher

    return compiled


class _KernelCache(FunctionCache):
    """numba's, in other files: their folder, and what is in them, is as numba has it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file: Any = _KernelFiles(Path(self.cache_path), function)


class _KernelFiles:
    """One file for each of a kernel's signatures, while its code is the same."""

    def __init__(self, folder: Path, function: Callable[..., Any]) -> None:
        self._folder = folder
        name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        self._name = re.sub(r"[<>]", "", name)
        self._code = code_digest(function.__module__, alone=True)[:16]

    def load(self, key: Any) -> Any:
        """What was saved for a key; None if nothing was, or not all of it is there."""
        path = self._path(key)
        if path is None or not path.exists():
            return None
        content = path.read_bytes()
        data = content[CHECKSUM_BYTES:]
        if hashlib.sha256(data).digest() != content[:CHECKSUM_BYTES]:
            return None
        saved_key, saved = pickle.loads(data)  # noqa: S301 - as numba does
        return saved if saved_key == key else None

    def save(self, key: Any, saved: Any) -> None:
        """Keep it, and drop what was compiled from other code."""
        path = self._path(key)
        if path is None:
            return
        data = dumps((key, saved))
        partial = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            partial.write_bytes(hashlib.sha256(data).digest() + data)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        for stale in self._folder.glob(f"{self._name}-*.{sys.implementation.cache_tag}.nbc"):
            if not stale.name.startswith(f"{self._name}-{self._code}-"):
                stale.unlink(missing_ok=True)

    def flush(self) -> None:
        """Drop all files of this kernel."""
        for path in self._folder.glob(f"{self._name}-*.{sys.implementation.cache_tag}.nbc"):
            path.unlink(missing_ok=True)

    def _path(self, key: Any) -> Path | None:
        """None for a signature whose code is not known."""
        signature, *target = key
        modules = sorted(set(_modules(signature)))
        if not all(map(_is_ours, modules)):
            return None
        codes = [code_digest(module, alone=True) for module in modules]
        digest = hashlib.sha256(repr([signature, target, codes]).encode()).hexdigest()[:16]
        name = f"{self._name}-{self._code}-{digest}.{sys.implementation.cache_tag}.nbc"
        return self._folder / name


def _modules(signature: Iterable[Any]) -> Iterator[str]:
    """Modules that say what values of these numba types are, and what functions they stand for."""
    for each in signature:
        yield from _modules(getattr(each, "types", ()))  # of a tuple
        if isinstance(each, types.Dispatcher):
            yield each.dispatcher.py_func.__module__
        of = getattr(each, "instance_class", type(each))  # of a named tuple
        if of.__module__.partition(".")[0] != numba.__name__:
            yield of.__module__


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == __name__.partition(".")[0]
