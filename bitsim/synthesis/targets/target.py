"""What a family of FPGAs is to synthesis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PINS_FILE = "pins.cst"
KINDS = ("lut", "carry", "mux", "ff", "lut_ram", "block_ram", "dsp")


@dataclass(frozen=True)
class Part:
    """A device, or a family of devices: what yosys and nextpnr call it.

    synthesis       further options of the yosys command
    place           options of nextpnr, with {package} and {speed}
    package, speed  those that `rtl synth` takes; a board has its own
    constraints     option of nextpnr that names a file of pins, with {file}
    pins            text of such a file, where nextpnr wants every pin to have a place
    packed_as       what the program that makes a bitstream calls it
    """

    synthesis: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    package: str = ""
    speed: str = ""
    constraints: tuple[str, ...] = ()
    pins: str = ""
    packed_as: str = ""

    def options(self, package: str | None = None, speed: str | None = None) -> list[str]:
        """The options of nextpnr without those for pins."""
        words = {"package": package or self.package, "speed": speed or self.speed}
        return [option.format_map(words) for option in self.place]

    def constraint_options(self, file: str) -> list[str]:
        """Those that name a file of pins."""
        return [option.format(file=file) for option in self.constraints]


@dataclass(frozen=True)
class Target:
    """A family: one file of `bitsim.synthesis`, and one line of `targets.py`.

    script     for yosys, with {top} and {options}; it keeps the hierarchy
    kinds      a regular expression of cell types for each of KINDS; the first that fits counts
    lut_sites  LUT positions that a cell takes, by a regular expression of cell types
    parts      by the name that `--part` takes; the first is the default
    nextpnr    its variant; None: there is no free place and route
    pads       yosys command for the pads of the flat design, where nextpnr wants them
    """

    name: str
    script: tuple[str, ...]
    kinds: Mapping[str, str]
    lut_sites: Mapping[str, int]
    parts: Mapping[str, Part] = field(default_factory=dict)
    nextpnr: str | None = None
    pads: str = ""
