"""Synthesis for standard cells, with the Liberty files that a user brings."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bitsim.errors import BitsimError
from bitsim.synthesis import hierarchy
from bitsim.synthesis.block import Block
from bitsim.synthesis.liberty import Library
from bitsim.synthesis.memories import Macro, blackbox, macros
from bitsim.synthesis.sta import Timing, analyse
from bitsim.synthesis.tools import run_yosys, yosys_command

LOAD_INVERTERS = (
    1  # what an output or a register's input is in sizing, in inverters like the driver
)


@dataclass(frozen=True)
class AsicResult:
    """Cells and their area; no wires, no clock tree.

    macros    memories that are not in the cells
    timing    by OpenSTA; None: it is not on PATH
    """

    library: Library
    modules: list[hierarchy.ModuleCells]
    macros: list[Macro]
    timing: Timing | None

    def area_um2(self, cells: Mapping[str, int]) -> float:
        """Area of cells."""
        return sum(count * self.library.areas.get(cell, 0.0) for cell, count in cells.items())

    def flip_flops(self, cells: Mapping[str, int]) -> int:
        """Those of the cells that hold a bit."""
        return sum(count for cell, count in cells.items() if cell in self.library.sequential)


def synthesize(
    block: Block, library: Library, clock_ns: float, folder: Path, note: Callable[[str], None]
) -> AsicResult:
    """Run the tools in `folder`, where logs and netlist stay."""
    yosys_command()
    (folder / "block.v").write_text(block.verilog)
    note(f"yosys: {block.module}, memories and operators")
    run_yosys(
        [
            "read_verilog block.v",
            f"synth -top {block.module} -run begin:fine",
            "write_rtlil coarse.il",
            "write_json coarse.json",
        ],
        folder,
        ["coarse.il", "coarse.json"],
        block.module,
    )
    left_out = macros(json.loads((folder / "coarse.json").read_text()))
    files = [f"library_{index}.lib" for index in range(len(library.texts))]
    for name, text in zip(files, library.texts, strict=True):
        (folder / name).write_text(text)
    (folder / "sizing.constr").write_text(
        f"set_driving_cell {library.inverter}\n"
        f"set_load {LOAD_INVERTERS * library.inverter_load_ff:.4f} [fF]\n"
    )
    note(f"yosys: {block.module}, cells of {len(library.areas)}")
    run_yosys(
        _script(block.module, left_out, files, clock_ns, library.timed, folder),
        folder,
        ["stat.json", "netlist.v"],
        "--liberty",
    )
    stat = json.loads((folder / "stat.json").read_text())
    modules = hierarchy.modules(stat, block.module)
    total = hierarchy.total(modules)
    _check(total, library, left_out)
    return AsicResult(
        library=library,
        modules=modules,
        macros=left_out,
        timing=analyse(block.module, files, clock_ns, folder, note),
    )


def _script(
    top: str, left_out: list[Macro], files: list[str], clock_ns: float, timed: bool, folder: Path
) -> list[str]:
    (folder / "macros.v").write_text("// memories\n" + "".join(map(blackbox, left_out)))
    libraries = " ".join(f"-liberty {name}" for name in files)
    return [
        "read_rtlil coarse.il",
        "read_verilog -lib macros.v",
        *(f"chtype -set {macro.kind} {macro.module}/{macro.cell}" for macro in left_out),
        f"synth -top {top} -run fine:check",
        f"dfflibmap {libraries}",
        "opt",
        # Without a driving cell and a load abc does not size its gates.
        f"abc {libraries}" + (f" -constr sizing.constr -D {clock_ns * 1000:.0f}" * timed),
        "opt_clean -purge",
        "tee -q -o stat.json stat -json",
        "write_verilog -noattr -simple-lhs netlist.v",
    ]


def _check(total: Mapping[str, int], library: Library, left_out: list[Macro]) -> None:
    known = {*library.areas, *(macro.kind for macro in left_out)}
    strange = sorted(cell for cell in total if cell not in known and cell != "$scopeinfo")
    if strange:
        raise BitsimError(
            f"--liberty: no cell for {', '.join(strange[:5])}; add the file that has flip-flops "
            f"with a rising clock and plain gates"
        )
    if not any(cell in library.areas for cell in total):
        raise BitsimError("yosys: the block came out empty; see its log")
