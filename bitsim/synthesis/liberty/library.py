"""The Liberty files that a user brings: read as far as synthesis has to know them."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from bitsim.errors import BitsimError, reason, shown, shown_path
from bitsim.synthesis.liberty.cell_choice import (
    FUNCTION,
    ClockGate,
    smallest_clock_gate,
    smallest_flip_flop,
)
from bitsim.synthesis.liberty.ram_macros import Ram, read_ram

LARGEST_BYTES = 400_000_000  # the largest open library's corner has 60 MB

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r'"[^"]*"')
_LIBRARY = re.compile(r"^\s*library\s*\(", re.MULTILINE)
_CELL = re.compile(r'cell\s*\(\s*"?([^")\s]*)"?\s*\)\s*\{')
_AREA = re.compile(r'\barea\s*:\s*"?([^";\s]+)')
_INVERSION = re.compile(r"!\w+|\w+'")
_PIN = re.compile(r"\bpin\s*\(")
_DIRECTION = re.compile(r'\bdirection\s*:\s*"?(\w+)')
_CAPACITANCE = re.compile(r"\bcapacitance\s*:\s*([.\d]+(?:[eE][-+]?\d+)?)")
_UNIT = re.compile(r'capacitive_load_unit\s*\(\s*"?([.\d]+)"?\s*,\s*"?(\w+)"?\s*\)')
_SPECIAL = re.compile(
    r'\b(?:is_isolation_cell|is_level_shifter|always_on|retention_cell|dont_use)\s*:\s*"?true'
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FEMTOFARAD = {"ff": 1.0, "pf": 1000.0}


@dataclass(frozen=True)
class Library:
    """One or more Liberty files together.

    texts            of the files that have cells that are no RAM
    areas            um2, by cell name
    sequential       cells with a flip-flop or latch
    avoided          cells that a block is not made of: every flip-flop but the one that a bit is
                     smallest in, and cells between supplies
    clock_gate       the smallest cell that lets a rising clock through or not; None: there is none
    rams             memories, for what they take; blocks are not mapped to them
    inverter         the one of middle size: drives the inputs in sizing
    inverter_load_ff capacitance of its input, fF
    timed            it has delays, without which gates cannot be sized
    """

    texts: tuple[str, ...]
    areas: dict[str, float]
    sequential: Set[str]
    avoided: tuple[str, ...]
    clock_gate: ClockGate | None
    rams: tuple[Ram, ...]
    inverter: str
    inverter_load_ff: float
    timed: bool


def read_library(paths: Sequence[Path]) -> Library:
    """Read Liberty files, plain or gzip; `BitsimError` if they are no library to synthesise for."""
    census = _Census()
    texts = []
    for path in paths:
        text = _text(path)
        unit = _UNIT.search(text)
        scale = float(unit[1]) * _FEMTOFARAD.get(unit[2].lower(), 1.0) if unit else 1.0
        cells = list(_cells(text))
        if not cells:
            raise BitsimError(f"{shown_path(path)}: no cell in it; give a library of cells")
        for name, body in cells:
            census.take(path, name, body, scale)
        if any(name not in census.rams for name, _ in cells):
            texts.append(text)
    files = ", ".join(shown_path(path) for path in paths)
    if not census.flip_flops:
        raise BitsimError(f"{files}: no flip-flop (a cell with ff); add the file that has them")
    if not census.inverters or not census.buffered:
        lacking = "buffer" if census.inverters else "inverter"
        raise BitsimError(f"{files}: no {lacking}; add the file that has the simple gates")
    census.inverters.sort()
    usable = {n: body for n, body in census.flip_flops.items() if n not in census.special}
    kept = smallest_flip_flop(usable, census.areas, census.inverters[0][0])
    others = set() if kept is None else census.flip_flops.keys() - {kept}
    _, inverter, load_ff = census.inverters[len(census.inverters) // 2]
    return Library(
        texts=tuple(texts),
        areas=census.areas,
        sequential=census.flip_flops.keys() | census.latches,
        avoided=tuple(sorted(census.special | others)),
        clock_gate=smallest_clock_gate(census.gates, census.areas),
        rams=tuple(census.rams.values()),
        inverter=inverter,
        inverter_load_ff=load_ff,
        timed=any("cell_rise" in text for text in texts),
    )


class _Census:
    """What the cells of all files are. abc maps nothing without an inverter and a buffer."""

    def __init__(self) -> None:
        self.areas: dict[str, float] = {}
        self.flip_flops: dict[str, str] = {}
        self.latches: set[str] = set()
        self.gates: dict[str, str] = {}
        self.rams: dict[str, Ram] = {}
        self.special: set[str] = set()
        self.inverters: list[tuple[float, str, float]] = []
        self.buffered = False

    def take(self, path: Path, name: str, body: str, scale: float) -> None:
        """One cell; `scale` is fF in the file's unit."""
        if not _NAME.fullmatch(name):
            raise BitsimError(
                f"{shown_path(path)}: cell {shown(name)}: not a plain name; rename the cell"
            )
        area = _area(path, name, body)
        if (ram := read_ram(name, body, area)) is not None:
            self.rams[name] = ram
            return
        self.areas[name] = area
        if _SPECIAL.search(body):
            self.special.add(name)
        if "clock_gating_integrated_cell" in body:
            self.gates[name] = body
        elif _has_group(body, "ff"):
            self.flip_flops[name] = body
        elif _has_group(body, "latch"):
            self.latches.add(name)
        elif area and name not in self.special and (single := _of_one_input(body)) is not None:
            inverts, load = single
            self.buffered = self.buffered or not inverts
            if inverts:
                self.inverters.append((area, name, load * scale))


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            with gzip.open(path) as file:
                data = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        told = str(error) if isinstance(error, (EOFError, zlib.error)) else reason(error)
        raise BitsimError(
            f"{shown_path(path)}: cannot be read ({told}); name a Liberty file, plain or gzip"
        ) from None
    if len(data) > LARGEST_BYTES:
        raise BitsimError(f"{shown_path(path)}: above {LARGEST_BYTES} bytes; give one corner alone")
    text = data.decode("utf-8", errors="replace")
    if "/*" in text:
        text = _COMMENT.sub(" ", text)
    if not _LIBRARY.search(text[:1_000_000]):
        raise BitsimError(f"{shown_path(path)}: no `library (...)`; name a Liberty file")
    bare = text if text.count("{") == text.count("}") else _STRING.sub("", text)
    if bare.count("{") != bare.count("}"):
        raise BitsimError(
            f"{shown_path(path)}: {bare.count('{')} opening and {bare.count('}')} closing braces; "
            f"the file is cut off or broken, fetch it again"
        )
    return text


def cell_bodies(text: str) -> list[tuple[str, int, int]]:
    """(name, where its head starts, where its body starts) of each cell."""
    heads = [head for head in _CELL.finditer(text) if not _in_a_word(text, head.start())]
    return [(head[1], head.start(), head.end()) for head in heads]


def _in_a_word(text: str, at: int) -> bool:
    return at > 0 and (text[at - 1].isalnum() or text[at - 1] == "_")


def _cells(text: str) -> Iterable[tuple[str, str]]:
    """(name, what is between it and the next cell) of each cell."""
    bodies = cell_bodies(text)
    for (name, _, start), following in zip_longest(bodies, bodies[1:]):
        yield name, text[start : len(text) if following is None else following[1]]


def _has_group(body: str, name: str) -> bool:
    return any(
        not (body[at - 1].isalnum() or body[at - 1] == "_")
        for at in (found.start() for found in re.finditer(name + r"\s*\(", body))
    )


def _area(path: Path, name: str, body: str) -> float:
    found = _AREA.search(body)
    try:
        area = float(found[1]) if found else 0.0
    except ValueError:
        area = -1.0
    if not 0 <= area < 1e9:
        raise BitsimError(
            f"{shown_path(path)}: cell {name}: area = {shown(found[1] if found else '')} is not an "
            f"area in um2; correct it"
        )
    return area


def _of_one_input(body: str) -> tuple[bool, float] | None:
    """Whether it inverts, and its input's capacitance in the file's unit; None: another gate."""
    pins = _PIN.split(body)[1:]
    inputs = [pin for pin in pins if _way(pin) == "input"]
    outputs = [pin for pin in pins if _way(pin) == "output"]
    if len(inputs) != 1 or len(outputs) != 1:
        return None
    load, function = _CAPACITANCE.search(inputs[0]), FUNCTION.search(outputs[0])
    if load is None or function is None:
        return None
    plain = re.sub(r"[\s()]", "", function[1])  # "!A", "(!A)", "!(A)", "A'"
    if not _INVERSION.fullmatch(plain) and not plain.isidentifier():
        return None
    return not plain.isidentifier(), float(load[1])


def _way(pin: str) -> str:
    found = _DIRECTION.search(pin)
    return found[1] if found else ""
