"""Synthesis, and place and route, for a family of FPGAs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitsim.callbacks import Say
from bitsim.errors import BitsimError
from bitsim.synthesis import hierarchy
from bitsim.synthesis.block import Block
from bitsim.synthesis.targets.pins import behind_pins
from bitsim.synthesis.targets.target import KINDS, PINS_FILE, Part, Target
from bitsim.synthesis.tools import nextpnr_command, run_nextpnr, run_yosys, yosys_command

PINS = "bitsim_pins"
NETLIST = "netlist.json"


@dataclass(frozen=True)
class Placed:
    """What nextpnr says: the block together with the shift registers at its ports.

    used  cells of the device by nextpnr's names: (used, available)
    """

    fmax_mhz: float
    used: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class FpgaResult:
    """Cells before placement, by module; `placed` if it was placed."""

    target: Target
    part: str
    modules: list[hierarchy.ModuleCells]
    placed: Placed | None

    def kinds(self, cells: Mapping[str, int]) -> dict[str, int]:
        """Cells by KINDS, and `other`."""
        counts: Counter[str] = Counter()
        for cell, count in cells.items():
            kind = next(
                (k for k, types in self.target.kinds.items() if re.fullmatch(types, cell)), "other"
            )
            counts[kind] += count
        return {kind: counts[kind] for kind in (*KINDS, "other")}

    def lut_sites(self, cells: Mapping[str, int]) -> int:
        """LUT positions that cells take; see each target for what that leaves out."""
        return sum(
            count * sites
            for cell, count in cells.items()
            for types, sites in self.target.lut_sites.items()
            if re.fullmatch(types, cell)
        )


def synthesize(
    block: Block,
    target: Target,
    part_name: str,
    part: Part,
    place: bool,
    folder: Path,
    note: Say,
) -> FpgaResult:
    """Run the tools in `folder`, where logs and netlists stay."""
    yosys_command()
    if place:
        if target.nextpnr is None:
            raise BitsimError(
                f"--place: there is no nextpnr for {target.name}; leave it out, or place the "
                f"Verilog with the maker's tool"
            )
        nextpnr_command(target.nextpnr)
    text, top = block.verilog, block.module
    if place:
        text, top = text + behind_pins(text, block.module, PINS), PINS
    (folder / "block.v").write_text(text)
    note(f"yosys: {block.module} for {target.name}")
    script = [
        "read_verilog block.v",
        *(line.format(options=" ".join(part.synthesis), top=top) for line in target.script),
        "tee -q -o stat.json stat -json",
        "write_verilog -noattr netlist.v",
    ]
    outputs = ["stat.json", "netlist.v"]
    if place:  # nextpnr takes names apart that it need not know
        script += ["flatten", "opt_clean", target.pads, f"write_json {NETLIST}"]
        outputs.append(NETLIST)
    run_yosys(script, folder, outputs, block.module)
    parts = hierarchy.modules(json.loads((folder / "stat.json").read_text()), block.module)
    placed = None
    if place:
        assert target.nextpnr is not None
        note(f"nextpnr-{target.nextpnr}: {part_name}")
        options = part.options()
        if part.pins:
            (folder / PINS_FILE).write_text(part.pins)
            options += part.constraint_options(PINS_FILE)
        options += ["--json", NETLIST, "--seed", "1"]
        report = run_nextpnr(
            target.nextpnr, options, folder, "report.json", f"{block.module} on {part_name}"
        )
        placed = placed_of(report)
    result = FpgaResult(target, part_name, parts, placed)
    counted = result.kinds(hierarchy.total(parts))
    if not counted["lut"] or not counted["ff"]:
        raise BitsimError(f"yosys: {block.module} came out empty: {counted}; see its log")
    return result


def placed_of(report: Mapping[str, Any]) -> Placed:
    """What nextpnr's report says; the clock is the slowest."""
    clocks = [clock["achieved"] for clock in report["fmax"].values()]
    return Placed(
        fmax_mhz=min(clocks) if clocks else 0.0,
        used={
            name: (entry["used"], entry["available"])
            for name, entry in sorted(report["utilization"].items())
            if entry["used"]
        },
    )
