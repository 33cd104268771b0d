"""Bars that stand in a cell of a table: they stretch with the page, the text stays text."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from bitsim.report.drawing.svg import attribute_text, number

WIDTH = 1000
HEIGHT = 10


def stack(segments: Iterable[tuple[str, float, str]]) -> Markup:
    """One bar of (class, share of the full width, tooltip) from left to right."""
    parts = [
        f'<svg class="bar" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" '
        'aria-hidden="true">'
    ]
    x = 0.0
    for css, share, tip in segments:
        width = WIDTH * min(1.0, share)
        if width > 0:
            attributes = attribute_text({"css": css, "tip": tip})
            parts.append(
                f'<rect x="{number(x)}" y="0" width="{number(max(width, 0.5))}" '
                f'height="{HEIGHT}"{attributes}/>'
            )
            x += width
    return Markup("".join([*parts, "</svg>"]))
