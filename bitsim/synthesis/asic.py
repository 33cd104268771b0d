"""Synthesis for standard cells, with the Liberty files that a user brings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from bitsim.callbacks import Say
from bitsim.errors import BitsimError
from bitsim.synthesis import hierarchy
from bitsim.synthesis.block import Block
from bitsim.synthesis.liberty.cell_choice import ClockGate
from bitsim.synthesis.liberty.library import Library
from bitsim.synthesis.liberty.ram_macros import Bank, smallest_bank
from bitsim.synthesis.memories import Macro, blackbox, macros
from bitsim.synthesis.sta import NoTiming, Timing, analyse
from bitsim.synthesis.tools import run_yosys, yosys_command

NETLIST = "netlist.json"
LOAD_INVERTERS = 1  # load of an output or a register's input in sizing: inverters like the driver
SMALLEST_GATED_BITS = 8  # fewer flip-flops than this are not worth a clock gate

_WIRES = re.compile(r"^\s*default_wire_load(?:_selection)?\s*:[^;]*;", re.MULTILINE)


@dataclass(frozen=True)
class AsicResult:
    """Cells and their area; no wires, no clock tree.

    macros    memories that are not in the cells
    timing    by OpenSTA, or why there is none
    """

    library: Library
    modules: list[hierarchy.ModuleCells]
    macros: list[Macro]
    timing: Timing | NoTiming

    def area_um2(self, cells: Mapping[str, int]) -> float:
        """Area of cells; exact decimals, so that areas of parts add up to that of the whole."""
        areas = self.library.areas
        return float(sum(count * Decimal(repr(areas.get(c, 0.0))) for c, count in cells.items()))

    def bank(self, macro: Macro) -> Bank | None:
        """The library's RAMs that a memory would be made of."""
        return smallest_bank(self.library.rams, macro.words, macro.width)

    def flip_flops(self, cells: Mapping[str, int]) -> int:
        """The cells that hold a bit."""
        return sum(count for cell, count in cells.items() if cell in self.library.sequential)


def synthesize(
    block: Block,
    library: Library,
    clock_ns: float,
    folder: Path,
    note: Say,
    clock_gating: bool = False,
) -> AsicResult:
    """Run the tools in `folder`, where logs and netlist stay.

    clock_gating  registers of SMALLEST_GATED_BITS and more with an enable get a clock of their own
    """
    assert library.clock_gate is not None or not clock_gating
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
        (folder / name).write_text(_WIRES.sub("", text))
    (folder / "sizing.constr").write_text(
        f"set_driving_cell {library.inverter}\n"
        f"set_load {LOAD_INVERTERS * library.inverter_load_ff:.4f} [fF]\n"
    )
    note(f"yosys: {block.module}, cells of {len(library.areas)}")
    run_yosys(
        _script(block.module, left_out, files, clock_ns, library, clock_gating, folder),
        folder,
        ["stat.json", "netlist.v", NETLIST],
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
        timing=analyse(block.module, files, clock_ns, folder, note)
        if library.timed
        else NoTiming("the library has no delays"),
    )


def check_clock_gates(library: Library) -> None:
    """`BitsimError` if there is nothing to gate a clock with."""
    if library.clock_gate is None:
        raise BitsimError(
            "--clock-gating: the library has no clock gate (clock_gating_integrated_cell) for "
            "rising edges; leave it out, or add the file that has one"
        )


def _script(
    top: str,
    left_out: list[Macro],
    files: list[str],
    clock_ns: float,
    library: Library,
    gated: bool,
    folder: Path,
) -> list[str]:
    (folder / "macros.v").write_text("// memories\n" + "".join(map(blackbox, left_out)))
    libraries = " ".join(f"-liberty {name}" for name in files)
    avoided = "".join(f" -dont_use {cell}" for cell in library.avoided)
    return [
        "read_rtlil coarse.il",
        "read_verilog -lib macros.v",
        *(f"chtype -set {macro.kind} {macro.module}/{macro.cell}" for macro in left_out),
        f"synth -top {top} -run fine:check",
        "rename -wire t:$_*DFF*",  # paths then name registers
        *([_gate_clocks(library.clock_gate)] if gated and library.clock_gate else []),
        f"dfflibmap {libraries}{avoided}",
        "opt",
        # Without a driving cell and a load abc does not size its gates.
        f"abc {libraries}{avoided}"
        + (f" -constr sizing.constr -D {clock_ns * 1000:.0f}" * library.timed),
        "opt_clean -purge",
        "tee -q -o stat.json stat -json",
        "write_verilog -noattr -simple-lhs netlist.v",
        f"write_json {NETLIST}",
    ]


def _gate_clocks(gate: ClockGate) -> str:
    test = "" if gate.test is None else f" -tie_lo {gate.test}"
    pins = f"{gate.enable}:{gate.clock}:{gate.output}"
    return f"clockgate -pos {gate.cell} {pins}{test} -min_net_size {SMALLEST_GATED_BITS}"


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
