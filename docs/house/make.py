"""Draws the rooms of the package, floor by floor, as import-linter has them: `house.svg`.

python docs/house/make.py
"""

import sys
import tomllib
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[2]
WIDTH, MARGIN, GAP, HEIGHT = 980, 16, 10, 58

# What a room is about, in the few words that fit; and which of the four readings it belongs to.
ROOMS = {
    "cli": ("a module a command", "plain"),
    "api": ("what `import bitsim` shows", "plain"),
    "report": ("pages, charts, tables", "plain"),
    "agreement": ("readings compared", "plain"),
    "fpga": ("boards and their host", "hardware"),
    "sweeps": ("many designs, the best", "plain"),
    "synthesis": ("LUTs, Fmax, um2, mW", "hardware"),
    "verilated": ("Verilog run", "hardware"),
    "runs": ("a network in the machine", "plain"),
    "system": ("tasks in simulated time", "cycles"),
    "link": ("masters, list, results", "cycles"),
    "array": ("dataflows", "cycles"),
    "memory": ("what answers", "cycles"),
    "cost": ("J and mm2", "cost"),
    "gateware": ("Amaranth", "hardware"),
    "reference": ("the numbers", "reference"),
    "program": ("steps of a pass", "cycles"),
    "trace": ("recorded products", "plain"),
    "spec": (
        "what a machine and a network are: description only, one registry for each part",
        "plain",
    ),
    "files": ("whole or not at all; checked before they are believed", "plain"),
    "digest": ("which code decided a result", "plain"),
}
FILLS = {
    "plain": "#f2f4f7",
    "reference": "#e3f1e6",
    "cycles": "#e2edf9",
    "hardware": "#fbeadb",
    "cost": "#f3e6f5",
}


def floors() -> list[list[str]]:
    """The layers of pyproject.toml that are folders, from the top."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = table["tool"]["importlinter"]["contracts"][0]["layers"]
    rooms = [
        [each.strip().removeprefix("bitsim.") for each in layer.split("|")] for layer in layers
    ]
    found = [[room for room in floor if (ROOT / "bitsim" / room).is_dir()] for floor in rooms]
    return [floor for floor in found if floor]


def picture() -> str:
    """SVG."""
    plan = floors()
    height = 2 * MARGIN + len(plan) * (HEIGHT + GAP) + 34
    label = "The rooms of bitsim, floor by floor; each imports from the floors below it alone"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="system-ui, sans-serif" font-size="14" role="img" aria-label="{label}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for index, floor in enumerate(plan):
        y = MARGIN + index * (HEIGHT + GAP)
        width = (WIDTH - 2 * MARGIN - GAP * (len(floor) - 1)) / len(floor)
        for place, room in enumerate(floor):
            x = MARGIN + place * (width + GAP)
            says, reading = ROOMS[room]
            lines += [
                f'<rect x="{x:g}" y="{y}" width="{width:g}" height="{HEIGHT}" rx="4" '
                f'fill="{FILLS[reading]}" stroke="#44546a"/>',
                f'<text x="{x + width / 2:g}" y="{y + 25}" text-anchor="middle" '
                f'font-weight="600" fill="#1b2533">{room}</text>',
                f'<text x="{x + width / 2:g}" y="{y + 44}" text-anchor="middle" font-size="12" '
                f'fill="#1b2533">{escape(says)}</text>',
            ]
    y = MARGIN + len(plan) * (HEIGHT + GAP) + 12
    for place, (reading, fill) in enumerate(list(FILLS.items())[1:]):
        x = MARGIN + place * 130
        lines += [
            f'<rect x="{x}" y="{y}" width="16" height="16" rx="3" fill="{fill}" stroke="#44546a"/>',
            f'<text x="{x + 24}" y="{y + 13}" fill="#1b2533">{reading}</text>',
        ]
    lines.append(
        f'<text x="{WIDTH - MARGIN}" y="{y + 13}" text-anchor="end" fill="#1b2533">'
        f"each room imports from the floors below it alone</text>"
    )
    return "\n".join([*lines, "</svg>", ""])


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    (folder / "house.svg").write_text(picture())
