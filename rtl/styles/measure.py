"""What each way to add up a column's lanes takes: `python rtl/styles/measure.py [STYLE ...]`.

Selection, tree and pipeline registers of one column, without decoders, accumulators and counters.
Every style is checked against the integer sum first. Needs what `make setup-test`
installs.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import rejected
from check import wrong_sums
from lane_sum import AddLanes, LaneSum

from bitsim.gateware.emit.verilog import emit_part
from bitsim.gateware.lanes import FABRICS, GENERIC, Fabric
from bitsim.synthesis import fpga
from bitsim.synthesis.block import Block
from bitsim.synthesis.hierarchy import total
from bitsim.synthesis.targets import registry as targets
from bitsim.synthesis.tools import run_yosys

VECTORS = 60
# As bitsim/cost counts its gates: transistors / 4.
GATES = "abc -g AND,NAND,OR,NOR,XOR,XNOR,MUX,AOI3,OAI3,AOI4,OAI4"


@dataclass(frozen=True)
class Style:
    """One way; `target` if it is written in the cells of one family."""

    name: str
    about: str
    add_lanes: AddLanes
    fabric: Fabric = GENERIC
    target: str | None = None


STYLES = (
    Style("xor", "(a ^ negative) & nonzero, carry into the tree", GENERIC.add_lanes),
    *(
        Style(f"{name}-cells", "the same in the family's cells", fabric.add_lanes, fabric, name)
        for name, fabric in FABRICS.items()
    ),
    Style("mux", "a, -a or 0 by a multiplexer", rejected.mux),
    Style("carry-save", "full adders to two rows, one adder", rejected.carry_save),
    Style("bit-planes", "lanes with a bit counted, bit by bit", rejected.bit_planes),
    Style("table2", "sums of 2 activations in a table", partial(rejected.table, 2)),
    Style("table3", "sums of 3 activations in a table", partial(rejected.table, 3)),
)


def measure_fpga(style: Style, target_name: str, lanes: int, stages: int, place: bool) -> str:
    """A line of the table; tables of sums, which all columns of an array share, are apart."""
    target, part_name, part = targets.find(target_name, None)
    block = Block(_verilog(style, lanes, stages), "lanes")
    with tempfile.TemporaryDirectory() as scratch:
        made = fpga.synthesize(
            block, target, part_name, part, place and target.nextpnr is not None, Path(scratch),
            lambda _: None,
        )  # fmt: skip
    own, tables = (
        total([each for each in made.modules if ("_table" in each.module) == shared])
        for shared in (False, True)
    )
    kinds, sites = made.kinds(own), made.lut_sites(own)
    fmax = "" if made.placed is None else f"{made.placed.fmax_mhz:.1f}"
    return (
        f"{style.name:<14}{target_name:<9}{kinds['lut']:>7}{kinds['carry']:>7}{kinds['ff']:>6}"
        f"{sites:>7}{sites / lanes:>10.1f}{made.lut_sites(tables):>8}{fmax:>8}"
    )


def measure_gates(style: Style, lanes: int) -> str:
    """The same in NAND2 equivalents, without pipeline registers."""
    script = [
        "read_verilog block.v",
        "synth -flatten -top lanes",
        GATES,
        "opt_clean",
        "tee -q -o stat.txt stat -tech cmos",
    ]
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "block.v").write_text(_verilog(style, lanes, 0))
        run_yosys(script, Path(scratch), ["stat.txt"], "lanes")
        found = re.search(
            r"number of transistors:\s*(\d+)", (Path(scratch) / "stat.txt").read_text()
        )
    assert found is not None
    gates = int(found[1]) / 4
    return f"{style.name:<14}{'gates':<9}{gates:>27,.0f}{gates / lanes:>10.1f}"


def _verilog(style: Style, lanes: int, stages: int) -> str:
    return emit_part("lanes", LaneSum(style.add_lanes, lanes, stages), style.fabric)


def say(line: str) -> None:
    """At once, since the next one may take its time."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Exit status: 1 if a style gives a wrong sum."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [style.name for style in STYLES]
    parser.add_argument("styles", nargs="*", metavar="STYLE", help=", ".join(names))
    parser.add_argument("--lanes", type=int, default=40)
    parser.add_argument("--stages", type=int, default=2, help="pipeline registers, 2 or more")
    parser.add_argument("--place", action="store_true", help="Fmax by nextpnr: minutes")
    arguments = parser.parse_args()
    if unknown := set(arguments.styles) - set(names):
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(names)}")
    say(
        f"{'style':<14}{'target':<9}{'LUT':>7}{'carry':>7}{'FF':>6}{'sites':>7}{'per lane':>10}"
        f"{'tables':>8}{'MHz':>8}"
    )
    lanes, stages = arguments.lanes, arguments.stages
    for style in STYLES:
        if arguments.styles and style.name not in arguments.styles:
            continue
        if wrong := wrong_sums(style.add_lanes, style.fabric, lanes, stages, VECTORS):
            say(f"{style.name}: {len(wrong)} wrong sums: {wrong[0]}")
            return 1
        for target in (style.target,) if style.target else targets.TARGETS:
            say(measure_fpga(style, target, lanes, stages, arguments.place))
        if style.target is None:
            say(measure_gates(style, lanes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
