"""Timing diagrams as SVG: readable on any page, since they bring their own background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

CELL = 38  # width of a cycle
ROW = 24
LEVEL = 13  # of a signal, within its row
LABELS = 178
MARGIN = 14
BREAK = 26  # where cycles are left out
SMALL, CAPITAL = 6.2, 7.4  # widths of characters, of the small print

INK, LINE, MUTED, GRID = "#1b2533", "#44546a", "#7a8798", "#e6eaf0"
FILL, PASSED, STALLED = "#eef2f7", "#d3ead9", "#f7ddc8"


@dataclass(frozen=True)
class Bit:
    """A signal of one bit, None: not drawn; `marked` cycles are shaded."""

    name: str
    values: Sequence[int | None]
    marked: Sequence[bool] = ()


@dataclass(frozen=True)
class Bus:
    """What a signal means in each cycle, None: nothing. Equal neighbours are `joined` to one."""

    name: str
    values: Sequence[str | None]
    marked: Sequence[bool] = ()
    stalled: Sequence[bool] = ()
    joined: bool = True


@dataclass(frozen=True)
class Heading:
    """Rows below belong together."""

    name: str


@dataclass(frozen=True)
class Wave:
    """A picture.

    windows  cycles that are shown, (first, behind the last)
    notes    stand below
    axis     what a cell is; `ticks` are written above the cells, else their numbers
    """

    title: str
    rows: Sequence[Bit | Bus | Heading]
    windows: Sequence[tuple[int, int]]
    notes: Sequence[str] = field(default_factory=tuple)
    axis: str = "cycle"
    ticks: Sequence[str] | None = None


def svg(wave: Wave) -> str:
    """The picture as a file's text."""
    places = _places(wave.windows)
    width = max(places.values()) + CELL + MARGIN
    top = 58
    height = top + ROW * len(wave.rows) + 22 * len(wave.notes) + MARGIN + 6
    bottom = top + ROW * len(wave.rows)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="system-ui, sans-serif" font-size="12" fill="{INK}" '
        f'role="img" aria-label="{escape(wave.title, quote=True)}">',
        f'<rect width="{width}" height="{height}" rx="6" fill="#ffffff"/>',
        f'<text x="{MARGIN}" y="24" font-size="14" font-weight="600">{escape(wave.title)}</text>',
        f'<text x="{LABELS - 8}" y="{top - 8}" text-anchor="end" fill="{MUTED}">'
        f"{escape(wave.axis)}</text>",
    ]
    for cycle, x in places.items():
        out.append(f'<path d="M{x} {top}V{bottom}" stroke="{GRID}"/>')
        out.append(
            f'<text x="{x + CELL / 2:g}" y="{top - 8}" text-anchor="middle" font-size="11" '
            f'fill="{MUTED}">{cycle if wave.ticks is None else escape(wave.ticks[cycle])}</text>'
        )
    for first, _ in wave.windows[1:]:
        x = places[first] - BREAK / 2
        out.append(f'<text x="{x:g}" y="{top - 8}" text-anchor="middle" fill="{MUTED}">···</text>')
    for number, row in enumerate(wave.rows):
        y = top + ROW * number
        if isinstance(row, Heading):
            out.append(
                f'<text x="{MARGIN}" y="{y + 17}" font-weight="600">{escape(row.name)}</text>'
            )
            continue
        out.append(
            f'<text x="{LABELS - 8}" y="{y + 16}" text-anchor="end" '
            f'font-family="ui-monospace, monospace" font-size="11">{escape(row.name)}</text>'
        )
        out += _shades(row.marked, places, y, PASSED)
        if isinstance(row, Bit):
            out += [_bit(row, window, places, y) for window in wave.windows]
        else:
            out += _shades(row.stalled, places, y, STALLED)
            for window in wave.windows:
                out += _bus(row, window, places, y)
    for number, note in enumerate(wave.notes):
        y = bottom + 24 + 22 * number
        out.append(f'<text x="{MARGIN}" y="{y}" fill="{LINE}">{escape(note)}</text>')
    return "\n".join([*out, "</svg>", ""])


def _places(windows: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Where each cycle begins."""
    places, x = {}, LABELS
    for first, behind in windows:
        for cycle in range(first, behind):
            places[cycle] = x
            x += CELL
        x += BREAK
    return places


def _shades(cycles: Sequence[bool], places: dict[int, int], y: int, colour: str) -> list[str]:
    return [
        f'<rect x="{places[cycle]}" y="{y + 1}" width="{CELL}" height="{ROW - 2}" fill="{colour}"/>'
        for cycle, marked in enumerate(cycles)
        if marked and cycle in places
    ]


def _bit(row: Bit, window: tuple[int, int], places: dict[int, int], y: int) -> str:
    def level(value: int | None) -> float:
        return y + (ROW - LEVEL) / 2 + (0 if value else LEVEL)

    first, behind = window
    if row.values[first] is None:
        return ""
    path = f"M{places[first]} {level(row.values[first]):g}"
    for cycle in range(first, behind):
        x = places[cycle]
        if cycle > first and row.values[cycle] != row.values[cycle - 1]:
            path += f"L{x + 4} {level(row.values[cycle]):g}"
        path += f"H{x + CELL}"
    return f'<path d="{path}" fill="none" stroke="{LINE}" stroke-width="1.4"/>'


def _bus(row: Bus, window: tuple[int, int], places: dict[int, int], y: int) -> list[str]:
    out: list[str] = []
    texts: list[str] = []  # above all boxes, since a long one stands beside its own
    cycle, behind = window
    while cycle < behind:
        end = cycle + 1
        joined = row.joined or row.values[cycle] is None
        while joined and end < behind and row.values[end] == row.values[cycle]:
            end += 1
        text = row.values[cycle]
        left, right, middle = places[cycle], places[end - 1] + CELL, y + ROW / 2
        if text is None:
            out.append(f'<path d="M{left} {middle:g}H{right}" stroke="{GRID}" stroke-width="1.4"/>')
        else:
            top, bottom = y + (ROW - LEVEL) / 2 - 2, y + (ROW + LEVEL) / 2 + 2
            shaded = any(
                cycle <= each < end
                for cycles in (row.marked, row.stalled)
                for each, marked in enumerate(cycles)
                if marked
            )
            out.append(
                f'<path d="M{left} {middle:g}L{left + 4} {top:g}H{right - 4}L{right} {middle:g}'
                f'L{right - 4} {bottom:g}H{left + 4}Z" fill="{"none" if shaded else FILL}" '
                f'stroke="{LINE}"/>'
            )
            inside = sum(CAPITAL if c.isupper() else SMALL for c in text) <= right - left - 6
            x, anchor = ((left + right) / 2, "middle") if inside else (right + 3, "start")
            texts.append(
                f'<text x="{x:g}" y="{middle + 4:g}" text-anchor="{anchor}" '
                f'font-size="11" paint-order="stroke" stroke="{"none" if inside else "#ffffff"}" '
                f'stroke-width="4">{escape(text)}</text>'
            )
        cycle = end
    return out + texts
