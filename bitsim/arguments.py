"""Values that a caller gives in Python, checked as the command line checks its own."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from bitsim.errors import BitsimError, reason, shown, shown_path

LARGEST = 1 << 24
LARGEST_SEED = (1 << 63) - 1

T = TypeVar("T")


def whole(name: str, value: Any, least: int = 1, most: int = LARGEST) -> int:
    """Any kind of integer, numpy's too, as an int; no bool, no float, no text."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or not least <= number <= most:
        raise BitsimError(f"{name} = {shown(value)}: must be a whole number from {least} to {most}")
    return number


def seed(value: Any) -> int:
    """What random numbers start from."""
    return whole("seed", value, 0, LARGEST_SEED)


def real(name: str, value: Any, least: float, most: float) -> float:
    """A finite number, numpy's too, as a float."""
    try:
        number = math.nan if isinstance(value, bool | str) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not least <= number <= most:
        raise BitsimError(f"{name} = {shown(value)}: must be a number from {least:g} to {most:g}")
    return number


def one_of(name: str, value: T, choices: Sequence[T]) -> T:
    """One of a few words."""
    if not isinstance(value, str) or value not in choices:
        raise BitsimError(f"{name} = {shown(value)}: must be one of {', '.join(map(str, choices))}")
    return value


def instance(name: str, value: Any, kind: type[T], remedy: str) -> T:
    """An object of a class."""
    if not isinstance(value, kind):
        raise BitsimError(f"{name} = {shown(value)}: must be {remedy}")
    return value


def path(name: str, value: Any, remedy: str) -> Path:
    """A path as text or as a `Path`."""
    if not isinstance(value, str | Path) or "\0" in str(value) or not str(value):
        raise BitsimError(f"{name} = {shown(value)}: must be {remedy}")
    return Path(value)


def folder(name: str, value: Any) -> Path:
    """A folder for results, made if it is not there."""
    place = path(name, value, "the path of a folder")
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BitsimError(
            f"{name} = {shown_path(place)}: {reason(error)}; choose another folder"
        ) from None
    return place


def unsaid(text: str) -> None:
    """For a caller who wants no messages."""
