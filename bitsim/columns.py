"""Rows of words as columns of text, not wider than the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

GAP = "  "  # between two columns

Rows = Sequence[Sequence[str]]


def aligned(rows: Rows, width: int | None = None, left: int = 1) -> list[str]:
    """One line a row. Nothing is cut where that is wider than `width`.

    The first `left` columns are at the left of their places and the others at the right. Where
    there are others, as many as fit stand beside the first `left`, and the rest below, in blocks.
    """
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    if width is None or sum(widths) + len(GAP) * (len(widths) - 1) <= width:
        return [_line(row, widths, left) for row in rows]
    beside = _fitting(widths, width)
    if left < beside < len(widths):
        rest = [[*row[:left], *row[beside:]] for row in rows]
        first = [_line(row[:beside], widths, left) for row in rows]
        return [*first, "", *aligned(rest, width, left)]
    return _folded(rows, width, left)


def wrapped(text: str, width: int) -> list[str]:
    """Lines of text, those that are too wide as several."""
    lines = []
    for line in text.splitlines():
        lines += textwrap.wrap(line, width) if len(line) > width else [line]
    return lines


def _line(row: Sequence[str], widths: Sequence[int], left: int) -> str:
    cells = zip(row, widths, strict=False)
    return GAP.join(
        cell.ljust(width) if place < left else cell.rjust(width)
        for place, (cell, width) in enumerate(cells)
    ).rstrip()


def _fitting(widths: Sequence[int], width: int) -> int:
    """How many columns fit beside each other."""
    taken, count = -len(GAP), 0
    for each in widths:
        taken += each + len(GAP)
        if taken > width:
            break
        count += 1
    return count


def _folded(rows: Rows, width: int, left: int) -> list[str]:
    """Words go on below in their columns; the first column's words do so last."""
    from io import StringIO

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, len(GAP), 0, 0), pad_edge=False)
    for place in range(len(rows[0])):
        name = place == 0 and max(len(row[0]) for row in rows) <= width // 2
        table.add_column(justify="left" if place < left else "right", overflow="fold", no_wrap=name)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    page = StringIO()
    Console(file=page, width=width, color_system=None).print(table)
    return [line.rstrip() for line in page.getvalue().splitlines()]
