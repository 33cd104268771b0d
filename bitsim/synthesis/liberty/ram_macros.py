"""RAMs of Liberty files: how many hold a memory, and what they take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bitsim.units import ceil_div

_MEMORY = re.compile(r"\bmemory\s*\(\s*\)\s*\{([^}]*)\}")
_ADDRESS = re.compile(r"\baddress_width\s*:\s*(\d{1,2})\b")
_WORD = re.compile(r"\bword_width\s*:\s*(\d{1,5})\b")


@dataclass(frozen=True)
class Ram:
    """A RAM of a library."""

    cell: str
    words: int
    width: int
    area_um2: float


@dataclass(frozen=True)
class Bank:
    """As many of a RAM as have a memory's words and width. Liberty does not say what ports do:
    whether one can be read and written in the same cycle is for the user to know."""

    ram: Ram
    count: int

    @property
    def area_um2(self) -> float:
        """Area of all RAMs."""
        return self.count * self.ram.area_um2


def read_ram(name: str, body: str, area_um2: float) -> Ram | None:
    """The RAM that a cell is; None: it is another cell."""
    found = _MEMORY.search(body)
    if found is None:
        return None
    address, word = _ADDRESS.search(found[1]), _WORD.search(found[1])
    if address is None or word is None or not int(word[1]):
        return None
    return Ram(name, 1 << int(address[1]), int(word[1]), area_um2)


def smallest_bank(rams: Sequence[Ram], words: int, width: int) -> Bank | None:
    """The one of least area; None: there is no RAM."""
    banks = [Bank(ram, ceil_div(words, ram.words) * ceil_div(width, ram.width)) for ram in rams]
    return min(banks, key=lambda bank: bank.area_um2, default=None)
