"""The families of FPGAs that there are: a further one is a file beside this, and a line here."""

from __future__ import annotations

from bitsim.errors import BitsimError, shown
from bitsim.synthesis.targets.ecp5 import ECP5
from bitsim.synthesis.targets.gowin import GOWIN
from bitsim.synthesis.targets.ice40 import ICE40
from bitsim.synthesis.targets.target import Part, Target
from bitsim.synthesis.targets.xilinx import XILINX

TARGETS = {target.name: target for target in (ECP5, ICE40, GOWIN, XILINX)}


def find(name: str, part: str | None) -> tuple[Target, str, Part]:
    """A target and one of its parts, by name; no part: the first."""
    if name not in TARGETS:
        raise BitsimError(f"--target {shown(name)}: unknown; name one of {', '.join(TARGETS)}")
    target = TARGETS[name]
    chosen = next(iter(target.parts)) if part is None else part
    if chosen not in target.parts:
        raise BitsimError(
            f"--part {shown(chosen)}: not a part of {name}; name one of {', '.join(target.parts)}"
        )
    return target, chosen, target.parts[chosen]
