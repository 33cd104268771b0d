"""Designs as dots: faster to the right, more frugal downwards, larger in area."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from bitsim.report.drawing.svg import Drawing
from bitsim.report.numbers import si, significant
from bitsim.sweeps import Evaluation

WIDTH, HEIGHT = 1120, 520
LEFT, RIGHT, TOP, BOTTOM = 84, 24, 30, 48
LARGEST, SMALLEST = 16.0, 3.0  # radii


def scatter(evaluations: Sequence[Evaluation], front: set[int], named: Mapping[int, str]) -> Markup:
    """Log-log; the front on top. `named` says by index what each is."""
    drawing = Drawing(WIDTH, HEIGHT, "Tokens per second against energy per token, area as size")
    across = _Axis([each.tokens_per_s for each in evaluations], LEFT, WIDTH - RIGHT)
    down = _Axis([each.energy_j_per_token for each in evaluations], HEIGHT - BOTTOM, TOP)
    _grid(drawing, across, down)
    largest_mm2 = max(each.total_area_mm2 for each in evaluations)
    ordered = sorted(
        evaluations, key=lambda each: (each.index in front, -each.total_area_mm2, each.index)
    )
    for each in ordered:
        share = each.total_area_mm2 / largest_mm2 if largest_mm2 else 0.0
        drawing.add(
            "circle",
            cx=across.place(each.tokens_per_s),
            cy=down.place(each.energy_j_per_token),
            r=max(SMALLEST, LARGEST * math.sqrt(share)),
            css="design front" if each.index in front else "design",
            tip=_tip(each, named[each.index]),
        )
    _sizes(drawing, largest_mm2)
    return drawing.markup()


class _Axis:
    """Logarithmic, with a margin; ticks at 1, 2, 5, or finer where the range is narrow."""

    def __init__(self, values: list[float], start: float, end: float) -> None:
        low, high = math.log10(min(values)), math.log10(max(values))
        margin = max(0.06 * (high - low), 0.02)
        self.low, self.high, self.start, self.end = low - margin, high + margin, start, end

    def place(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """From the coarsest steps that give at least four."""
        found: list[float] = []
        for steps in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
            decades = range(math.floor(self.low), math.ceil(self.high) + 1)
            values = [step * 10.0**decade for decade in decades for step in steps]
            found = [v for v in values if self.low <= math.log10(v) <= self.high]
            if len(found) >= 4:
                return found
        low, high = 10**self.low, 10**self.high
        step = 10 ** math.floor(math.log10((high - low) / 2))
        first = math.ceil(low / step)
        return [index * step for index in range(first, math.floor(high / step) + 1)] or found


def _grid(drawing: Drawing, across: _Axis, down: _Axis) -> None:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value in across.ticks():
        x = across.place(value)
        drawing.line(x, TOP, x, bottom, "grid")
        drawing.text(x, bottom + 18, significant(value, 2), "tick mid")
    for value in down.ticks():
        y = down.place(value)
        drawing.line(LEFT, y, right, y, "grid")
        drawing.text(LEFT - 8, y + 4, si(value, "J", 2), "tick end")
    drawing.line(LEFT, bottom, right, bottom, "axis-line")
    drawing.line(LEFT, TOP, LEFT, bottom, "axis-line")
    drawing.text((LEFT + right) / 2, HEIGHT - 8, "tokens per second", "name mid")
    drawing.text(8, 16, "energy per token", "name")


def _sizes(drawing: Drawing, largest_mm2: float) -> None:
    """A legend of the sizes, above the picture's right end."""
    x = WIDTH - RIGHT - 250.0
    for part in (1.0, 0.25):
        radius = max(SMALLEST, LARGEST * math.sqrt(part))
        drawing.add("circle", cx=x, cy=17, r=radius * 0.75, css="size")
        drawing.text(x + radius + 4, 21, f"{significant(part * largest_mm2)} mm²", "line")
        x += 128


def _tip(each: Evaluation, name: str) -> str:
    return (
        f"{name}: {significant(each.tokens_per_s)} tokens/s, "
        f"{si(each.energy_j_per_token, 'J')} a token, {significant(each.total_area_mm2)} mm²"
    )
