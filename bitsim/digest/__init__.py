"""One digest of all the code that decides a result: what is cached or resumed is known by it.

Which files decide it is found by following imports from the modules that compute it. Comments,
docstrings, layout and times of files are not in it, and it is the same under every Python.
"""

from __future__ import annotations

import atexit
import secrets
from functools import cache
from pathlib import Path

from bitsim.digest.sources import Sources, version

__all__ = ["Sources", "code_digest", "foreign", "version"]


@cache
def code_digest(*modules: str, alone: bool = False) -> str:
    """Of bitsim's own modules, by name; see `Sources.digest`."""
    return _installed.digest(*modules, alone=alone)


def foreign(*parts: object) -> str:
    """What a part that is not bitsim's own adds to a digest: only this process knows its code.

    "" if the classes of all parts are bitsim's.
    """
    package = __name__.partition(".")[0]
    ours = all(type(part).__module__.partition(".")[0] in (package, "builtins") for part in parts)
    return "" if ours else _OF_THIS_PROCESS


_OF_THIS_PROCESS = secrets.token_hex()


def _open() -> Sources:
    package = Path(__file__).resolve().parent.parent
    sources = Sources(package.parent, kept=package / "__pycache__" / "sources.json")
    atexit.register(sources.write)
    return sources


_installed = _open()
