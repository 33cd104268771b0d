"""What decides whether a test holds: the code that its file imports, and folders of data."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from bitsim.digest import Sources

ROOT = Path(__file__).resolve().parents[2]
DATA = ("examples", "models", "rtl", "traces")  # besides code that is imported


@cache
def deciding_digest(file: str) -> str:
    """Of a test's file, by its path below the checkout."""
    modules = [file.removesuffix(".py").replace("/", ".")]
    files, _ = _sources().walk(*modules)
    tests = [each for each in files if each.startswith("tests/")]
    if any("subprocess" in (ROOT / each).read_text() for each in tests):
        modules.append("bitsim.cli")  # a process of its own may run anything
    parts = [_sources().digest(*modules), _data_digest()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@cache
def _sources() -> Sources:
    return Sources(ROOT, ("bitsim", "tests"))


@cache
def _data_digest() -> str:
    digest = hashlib.sha256()
    for folder in DATA:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(ROOT)}\n".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
