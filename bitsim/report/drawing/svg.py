"""Pictures as SVG text: elements one after the other, everything escaped."""

from __future__ import annotations

from markupsafe import Markup, escape

Value = str | int | float | None


class Drawing:
    """One picture. Colours come from classes, so that light and dark share it.

    A picture without a label is an ornament: what it shows stands beside it as text.
    """

    def __init__(self, width: float, height: float, label: str, css: str = "figure") -> None:
        self.width = width
        self.height = height
        seen_as = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
        self._parts = [
            f'<svg class="{escape(css)}" viewBox="0 0 {number(width)} {number(height)}" {seen_as}>'
        ]

    def add(self, tag: str, body: str | None = None, **attributes: Value) -> None:
        """An element. `css` is its class, `tip` its tooltip; `_` in a name stands for `-`."""
        self.open(tag, **attributes)
        self._parts.append(f"{escape(body or '')}</{tag}>")

    def open(self, tag: str, **attributes: Value) -> None:
        """An element that others follow in, until `close`."""
        self._parts.append(f"<{tag}{attribute_text(attributes)}>")

    def close(self, tag: str) -> None:
        """End of what `open` began."""
        self._parts.append(f"</{tag}>")

    def rect(self, x: float, y: float, width: float, height: float, css: str) -> None:
        """A rectangle."""
        self.add("rect", x=x, y=y, width=width, height=height, css=css)

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
        """A straight line."""
        self.add("line", x1=x1, y1=y1, x2=x2, y2=y2, css=css)

    def text(self, x: float, y: float, body: str, css: str = "") -> None:
        """Text; its place is the left end of the base line unless the class anchors it."""
        self.add("text", body, x=x, y=y, css=css or None)

    def path(self, d: str, css: str, tip: str | None = None) -> None:
        """A path."""
        self.add("path", d=d, css=css, tip=tip)

    def markup(self) -> Markup:
        """The whole picture, safe to place in a page."""
        return Markup("".join([*self._parts, "</svg>"]))


def attribute_text(attributes: dict[str, Value]) -> str:
    """` name="value"` for each that is not None."""
    names = {"css": "class", "tip": "data-tip"}
    return "".join(
        f' {names.get(name, name.replace("_", "-"))}="{shown(value)}"'
        for name, value in attributes.items()
        if value is not None
    )


def shown(value: Value) -> str:
    """An attribute's value: numbers short, text escaped."""
    return number(value) if isinstance(value, int | float) else str(escape(value))


def number(value: float) -> str:
    """Two decimals at most."""
    text = f"{value:.2f}"
    text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
