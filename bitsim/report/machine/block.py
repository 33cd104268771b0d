"""One block of the machine's diagram, tinted by the share of cycles in which it works."""

from __future__ import annotations

from dataclasses import dataclass

from bitsim.report.drawing.svg import Drawing
from bitsim.report.numbers import percent

LINE = 17
INSIDE = 424.0  # x from which a dataflow draws
LETTER = 6.7  # mean width of a letter in a wide face, in the drawing's units
STEPS = 5  # of the tint, so that a legend can show them


@dataclass(frozen=True)
class Block:
    """A rectangle with a title, a share of cycles, and lines of parameters."""

    x: float
    y: float
    width: float
    height: float
    title: str
    share: float
    meaning: str  # what the share is of
    lines: tuple[str, ...]

    @property
    def right(self) -> float:
        """x of the right edge."""
        return self.x + self.width

    @property
    def middle(self) -> float:
        """y of the middle."""
        return self.y + self.height / 2


def tint(share: float) -> str:
    """Class of the tint: 0 for idle, 5 for always at work."""
    return f"tint-{min(STEPS, max(0, round(share * STEPS + 0.499)))}" if share > 0 else "tint-0"


def draw_block(drawing: Drawing, block: Block) -> None:
    """Outline, tint, texts, and a bar along the lower edge."""
    tip = f"{block.title}: {percent(block.share)} ({block.meaning})"
    drawing.open("g", tip=tip)
    drawing.rect(block.x, block.y, block.width, block.height, f"block {tint(block.share)}")
    drawing.text(block.x + 10, block.y + 20, fitted(block.title, block.width - 70, 8.0), "title")
    drawing.text(block.right - 10, block.y + 20, percent(block.share), "value end")
    for index, line in enumerate(block.lines):
        shown = fitted(line, block.width - 16)
        drawing.text(block.x + 10, block.y + 20 + LINE * (index + 1), shown, "line")
    bottom = block.y + block.height - 4
    drawing.rect(block.x, bottom, block.width * min(1.0, block.share), 4, "meter")
    drawing.close("g")


def arrow(drawing: Drawing, x1: float, y1: float, x2: float, y2: float, label: str = "") -> None:
    """A straight arrow, its label above the middle."""
    drawing.line(x1, y1, x2, y2, "flow")
    size = 6
    if y1 == y2:
        way = size if x2 > x1 else -size
        drawing.path(f"M{x2} {y2}l{-way} {-size / 2}v{size}z", "head")
    else:
        way = size if y2 > y1 else -size
        drawing.path(f"M{x2} {y2}l{-size / 2} {-way}h{size}z", "head")
    if label:
        drawing.text((x1 + x2) / 2, (y1 + y2) / 2 - 7, label, "line mid")


def fitted(text: str, width: float, letter: float = LETTER) -> str:
    """Text cut to a width, by the mean width of a letter."""
    most = max(2, int(width / letter))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def wrapped(words: list[str], width: float) -> list[str]:
    """Words joined by commas into lines that fit a width."""
    lines: list[str] = []
    for index, word in enumerate(words):
        piece = word + ("," if index < len(words) - 1 else "")
        if lines and (len(lines[-1]) + 1 + len(piece)) * LETTER <= width:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return lines
