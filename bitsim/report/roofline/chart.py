"""The roofline as a picture."""

from __future__ import annotations

import math

from markupsafe import Markup

from bitsim.report.drawing.svg import Drawing
from bitsim.report.numbers import percent, si, significant
from bitsim.report.roofline.points import Point, attainable
from bitsim.system.result import RunResult

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 66, 16, 26, 46
MARKS = ("circle", "square", "triangle", "diamond", "down")


def shapes(points: tuple[Point, ...]) -> dict[str, str]:
    """A shape for each kind of phase, the same in both stages; the whole run is a cross."""
    labels = list(dict.fromkeys(point.label for point in points if point.stage is not None))
    marks = {label: MARKS[index % len(MARKS)] for index, label in enumerate(labels)}
    return {**marks, **{point.label: "cross" for point in points if point.stage is None}}


def chart(result: RunResult, points: tuple[Point, ...]) -> Markup:
    """Log-log, both roofs, a mark for each point: filled for decode, hollow for prefill."""
    drawing = Drawing(WIDTH, HEIGHT, "Roofline: products per second against products per byte")
    scale = _Scale(result, points)
    _grid(drawing, scale)
    _roofs(drawing, scale, result)
    marks = shapes(points)
    for point in points:
        _mark(drawing, scale, point, marks[point.label])
    return drawing.markup()


def mark_icon(shape: str, stage: str | None) -> Markup:
    """A mark for a legend or a table."""
    drawing = Drawing(16, 16, "", css="icon")
    drawing.path(_outline(shape, 8, 8), _css(stage))
    return drawing.markup()


class _Scale:
    """Places on the picture: whole decades that hold the points, the ridge and both roofs."""

    def __init__(self, result: RunResult, points: tuple[Point, ...]) -> None:
        peak = result.accelerator.peak_products_per_s
        ridge = peak / (result.accelerator.memory.expected_gb_per_s * 1e9)
        xs = [ridge / 4, ridge * 4, *(point.products_per_byte for point in points)]
        self.x0, self.x1 = _half_decades(min(xs), max(xs))
        low = min([peak / 10, *(point.products_per_s for point in points)])
        low = min(low, attainable(result, 10**self.x0))
        self.y0, self.y1 = _half_decades(low, peak * 1.6)
        self.ridge, self.peak = ridge, peak

    def x(self, value: float) -> float:
        share = (math.log10(value) - self.x0) / (self.x1 - self.x0)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (math.log10(value) - self.y0) / (self.y1 - self.y0)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _half_decades(low: float, high: float) -> tuple[float, float]:
    return math.floor(2 * math.log10(low)) / 2, math.ceil(2 * math.log10(high)) / 2


def _ticks(low: float, high: float) -> list[float]:
    """1, 2, 5 of each decade; fewer where there are many decades."""
    steps = (1, 2, 5) if high - low <= 3 else (1,)
    exponents = range(math.floor(low), math.ceil(high) + 1)
    values = [step * 10.0**exponent for exponent in exponents for step in steps]
    return [v for v in values if low - 1e-9 <= math.log10(v) <= high + 1e-9]


def _grid(drawing: Drawing, scale: _Scale) -> None:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value in _ticks(scale.x0, scale.x1):
        x = scale.x(value)
        drawing.line(x, TOP, x, bottom, "grid")
        anchor = "end" if x > right - RIGHT else "mid"
        drawing.text(x, bottom + 17, significant(value, 1), f"tick {anchor}")
    for value in _ticks(scale.y0, scale.y1):
        y = scale.y(value)
        drawing.line(LEFT, y, right, y, "grid")
        drawing.text(LEFT - 8, y + 4, si(value, "", 1), "tick end")
    drawing.line(LEFT, bottom, right, bottom, "axis-line")
    drawing.line(LEFT, TOP, LEFT, bottom, "axis-line")
    middle = (LEFT + right) / 2
    drawing.text(middle, HEIGHT - 8, "ternary products per byte of DRAM traffic", "name mid")
    drawing.text(8, 14, "products per second", "name")


def _roofs(drawing: Drawing, scale: _Scale, result: RunResult) -> None:
    memory, right = result.accelerator.memory, 10**scale.x1
    low = max(10**scale.x0, 10**scale.y0 / (memory.expected_gb_per_s * 1e9))
    start = (scale.x(low), scale.y(attainable(result, low)))
    ridge = (scale.x(scale.ridge), scale.y(scale.peak))
    end = (scale.x(right), scale.y(scale.peak))
    drawing.path("M{:.1f} {:.1f}L{:.1f} {:.1f}L{:.1f} {:.1f}".format(*start, *ridge, *end), "roof")
    lanes = result.accelerator.array.peak_products
    top = f"{lanes} lanes at {significant(result.accelerator.clock_mhz)} MHz"
    drawing.text(end[0] - 6, ridge[1] - 14, f"{top}: {si(scale.peak, 'products/s')}", "name end")
    angle = math.degrees(math.atan2(ridge[1] - start[1], ridge[0] - start[0]))
    x, y = ridge[0] - 0.52 * (ridge[0] - start[0]), ridge[1] - 0.52 * (ridge[1] - start[1])
    slope = (
        f"DRAM {significant(memory.expected_gb_per_s)} GB/s sustained"
        if ridge[0] - start[0] > 120
        else f"{significant(memory.expected_gb_per_s)} GB/s"
    )
    drawing.open("g", transform=f"translate({x:.1f} {y:.1f}) rotate({angle:.2f})")
    drawing.text(0, -12, slope, "name mid")
    drawing.close("g")


def _mark(drawing: Drawing, scale: _Scale, point: Point, shape: str) -> None:
    x, y = scale.x(point.products_per_byte), scale.y(point.products_per_s)
    tip = (
        f"{point.stage or ''} {point.label}: {significant(point.products_per_byte)} products/B, "
        f"{si(point.products_per_s, 'products/s')}, {percent(point.roof_share)} of the roof"
    ).strip()
    drawing.path(_outline(shape, x, y), _css(point.stage), tip=tip)


def _css(stage: str | None) -> str:
    return f"mark {stage or 'run'}"


def _outline(shape: str, x: float, y: float) -> str:
    if shape == "circle":
        return f"M{x - 5:.1f} {y:.1f}a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z"
    if shape == "cross":
        return f"M{x - 5:.1f} {y - 5:.1f}l10 10m0 -10l-10 10"
    corners = {
        "square": ((-4.5, -4.5), (9, 0), (0, 9), (-9, 0)),
        "triangle": ((0, -6), (5.8, 10), (-11.6, 0)),
        "down": ((0, 6), (5.8, -10), (-11.6, 0)),
        "diamond": ((0, -6.2), (6.2, 6.2), (-6.2, 6.2), (-6.2, -6.2)),
    }[shape]
    (dx, dy), *steps = corners
    lines = "".join(f"l{sx:g} {sy:g}" for sx, sy in steps)
    return f"M{x + dx:.1f} {y + dy:.1f}{lines}z"
