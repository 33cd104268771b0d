"""Faults as a user reads them, in one line, and their exit status."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SHORT = reprlib.Repr()  # does not write out what is cut off again
_SHORT.maxlevel = 8
_SHORT.maxtuple = _SHORT.maxlist = _SHORT.maxdict = 20
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 1000


class BitsimError(Exception):
    """A fault of the input or of the machine, said in one line: file, field, value, remedy.

    The command line prints the text on stderr and ends with status 2. A file with several
    faults gives one line for each. A broken promise between bitsim's own parts is an `assert`.
    """

    exit_status = 2


@contextmanager
def named_in(origin: str) -> Iterator[None]:
    """Puts the place where something is named in front of each of its faults."""
    try:
        yield
    except BitsimError as error:
        lines = str(error).splitlines()
        raise BitsimError("\n".join(f"{origin}: {line}" for line in lines)) from None


class CheckFailedError(Exception):
    """A check did not hold (values or cycles differ): exit status 1."""

    exit_status = 1


def install(extra: str) -> str:
    """What gets the packages of an extra; a package index has a stranger's by the bare name."""
    return (
        f"`make setup-test` or pip install '.[{extra}]' in a checkout, pip install "
        f"'FILE.whl[{extra}]' with a wheel"
    )


def shown(value: object, most: int = 60) -> str:
    """A value from outside for one line of text: escaped, and cut when it is long."""
    try:
        text = _SHORT.repr(value)
    except ValueError:  # an integer of more digits than Python prints
        return "(a number too long to print)"
    return text if len(text) <= most else text[:most] + "..."


def shown_path(path: Path | str) -> str:
    """A path for one line of text, whatever characters it has and however long it is."""
    text = str(path)
    if len(text) > 240:
        text = f"{text[:120]}...{text[-80:]}"
    return text if text.isprintable() else repr(text)


def reason(error: OSError | ValueError) -> str:
    """The system's words for it: "No space left on device"."""
    return (isinstance(error, OSError) and error.strerror) or str(error)
