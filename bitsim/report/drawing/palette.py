"""The colours, for light and dark.

Any two of the six differ by at least 12 (100 x distance in OKLab), to a full trichromat and under
protanopia, deuteranopia and tritanopia; `tests/report` computes it. Source of the simulation:
Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision
Deficiency", IEEE TVCG 2009, severity 1.0.
"""

from __future__ import annotations

# What a cycle of the array was: also what a DRAM stream carries, so that waiting for
# weights and moving weights have one colour.
LIGHT = {
    "busy": "#2C60B3",
    "weights": "#B3621E",
    "activations": "#D19606",
    "results": "#733357",
    "drain": "#BFC2C6",
    "units": "#319F94",
}
DARK = {
    "busy": "#6391F5",
    "weights": "#EE9452",
    "activations": "#F7DB4A",
    "results": "#A96792",
    "drain": "#4A515C",
    "units": "#3CDCCB",
}
LIGHT_PAGE = {
    "page": "#FFFFFF",
    "panel": "#F6F7F9",
    "ink": "#15191F",
    "soft": "#56606C",
    "rule": "#D5DAE0",
    "track": "#E9ECF0",
    "good": "#1B7A4B",
    "bad": "#B42318",
}
DARK_PAGE = {
    "page": "#14181D",
    "panel": "#1B2027",
    "ink": "#E8EBEF",
    "soft": "#9AA5B1",
    "rule": "#343C46",
    "track": "#262D36",
    "good": "#5CC98F",
    "bad": "#FF8A7A",
}


def css() -> str:
    """Custom properties of both modes; `data-theme` on the root overrules the system's choice."""
    light = _properties(LIGHT | LIGHT_PAGE)
    dark = _properties(DARK | DARK_PAGE)
    return (
        f":root{{color-scheme:light;{light}}}\n"
        "@media (prefers-color-scheme:dark){"
        f":root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
        f"@media print{{:root:root:root{{color-scheme:light;{light}}}}}\n"
    )


def _properties(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())
