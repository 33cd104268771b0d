"""`bitsim rtl synth`: what a block takes on an FPGA, or in the cells of a Liberty library."""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitsim.cli import options, output, streams
from bitsim.columns import aligned
from bitsim.errors import BitsimError

if TYPE_CHECKING:
    from bitsim.spec.accelerator import AcceleratorSpec
    from bitsim.synthesis.block import Block
    from bitsim.synthesis.fpga import FpgaResult

KEPT = ("block.v", "netlist.v", "netlist.json", "stat.json", "yosys.log", "script.ys")
KEPT_OF_TIMING = ("report.json", "nextpnr.log", "sta.tcl", "sta.log")


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the action."""
    from bitsim.spec.defaults import ACCELERATOR

    synth = actions.add_parser(
        "synth", help="cells on an FPGA, or in a Liberty library", description=__doc__
    )
    synth.add_argument("--accelerator", default=ACCELERATOR, metavar="NAME")
    synth.add_argument(
        "--block",
        default="array",
        choices=("accelerator", "array", "column"),
        help="accelerator: what `rtl emit` writes (default: %(default)s)",
    )
    where = synth.add_mutually_exclusive_group(required=True)
    where.add_argument("--target", metavar="NAME", help="ecp5, ice40, gowin or xilinx")
    where.add_argument(
        "--liberty", nargs="+", metavar="FILE", help="cells: one or more files, plain or gzip"
    )
    synth.add_argument("--part", metavar="NAME", help="with --target: device or family")
    synth.add_argument(
        "--place", action="store_true", help="with --target: place and route by nextpnr, Fmax"
    )
    synth.add_argument(
        "--clock-ns",
        type=_clock_ns,
        metavar="X",
        help="with --liberty: what gates are sized for (default: the accelerator's clock)",
    )
    synth.add_argument(
        "--clock-gating",
        action="store_true",
        help="with --liberty: registers with an enable get the library's clock gates",
    )
    synth.add_argument(
        "--power",
        action="store_true",
        help="with --liberty: replay random products on the netlist; power and pJ a product",
    )
    synth.add_argument(
        "--activity", metavar="TRACE", help="the same with the products of a recorded trace"
    )
    synth.add_argument("--out", metavar="DIR", help="keep Verilog, netlist, logs and reports")
    options.add_json(synth)
    synth.set_defaults(run=run)


def _clock_ns(text: str) -> float:
    try:
        period_ns = float(text)
    except ValueError:
        period_ns = 0.0
    if not 0.001 <= period_ns <= 1e6:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} must be a period from 0.001 to 1e6 ns")
    return period_ns


def run(args: argparse.Namespace) -> int:
    """Synthesise in a folder of its own; what `--out` keeps is copied when all has succeeded."""
    import bitsim
    from bitsim.gateware.lanes import FABRICS, GENERIC
    from bitsim.synthesis import make_block
    from bitsim.synthesis.tools import yosys_command

    if args.liberty and (args.place or args.part):
        raise BitsimError("rtl synth: --place and --part belong to --target; leave them out")
    for option in ("clock_ns", "clock_gating", "power", "activity"):
        if args.target and getattr(args, option) not in (None, False):
            name = option.replace("_", "-")
            raise BitsimError(f"rtl synth: --{name} belongs to --liberty; leave it out")
    machine = bitsim.load_accelerator(args.accelerator)
    yosys_command()
    make = _asic(args, machine) if args.liberty else _fpga(args)
    block = make_block(machine, args.block, FABRICS.get(args.target, GENERIC))
    with ExitStack() as stack:
        out = args.out and stack.enter_context(output.out_folder(args.out))
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="bitsim-synth."))
        table, text = make(block, Path(scratch))
        if out:
            output.keep(Path(scratch), (*KEPT, *KEPT_OF_TIMING), out)
    table = {"accelerator": machine.name, "block": args.block, "module": block.module} | table
    if args.json:
        output.print_json(table)
    else:
        print(text)
    return 0


def _fpga(args: argparse.Namespace) -> Any:
    from bitsim.synthesis import fpga
    from bitsim.synthesis.targets import registry as targets

    target, name, part = targets.find(args.target, args.part)

    def make(block: Block, folder: Path) -> tuple[dict[str, Any], str]:
        found = fpga.synthesize(block, target, name, part, args.place, folder, streams.note)
        return _fpga_table(found), _fpga_text(found)

    return make


def _asic(args: argparse.Namespace, machine: AcceleratorSpec) -> Any:
    from bitsim.cli.rtl import synth_asic
    from bitsim.synthesis import asic
    from bitsim.synthesis.liberty.library import read_library

    clock_ns = args.clock_ns or 1000.0 / machine.clock_mhz
    works = synth_asic.works(args, machine)
    library = read_library([Path(name) for name in args.liberty])
    if args.clock_gating:
        asic.check_clock_gates(library)

    def make(block: Block, folder: Path) -> tuple[dict[str, Any], str]:
        found = asic.synthesize(
            block, library, clock_ns, folder, streams.note, clock_gating=args.clock_gating
        )
        replayed = None
        if works is not None:
            from bitsim.synthesis.gates.replay import replay

            replayed = replay(
                args.block, machine.array, found, works(), clock_ns, folder, streams.note
            )
        return (
            {"clock_ns": clock_ns} | synth_asic.table(found, replayed),
            synth_asic.text(found, replayed, clock_ns),
        )

    return make


def _fpga_table(found: FpgaResult) -> dict[str, Any]:
    from bitsim.synthesis.hierarchy import total

    cells, placed = total(found.modules), found.placed
    return {
        "target": found.target.name,
        "part": found.part,
        "cells": found.kinds(cells),
        "lut_sites": found.lut_sites(cells),
        "cell_types": cells,
        "hierarchy": [
            {
                "module": part.module,
                "depth": part.depth,
                "copies": part.copies,
                "cells": found.kinds(part.cells),
                "lut_sites": found.lut_sites(part.cells),
            }
            for part in found.modules
        ],
        "fmax_mhz": None if placed is None else placed.fmax_mhz,
        "placed": None if placed is None else dict(placed.used),
        "area_um2": None,
    }


def _fpga_text(found: FpgaResult) -> str:
    from bitsim.synthesis.hierarchy import total
    from bitsim.synthesis.targets.target import KINDS

    kinds = (*KINDS, "other")
    rows: list[tuple[str, ...]] = [("module", "copies", *kinds, "LUT sites")]
    for part in found.modules:
        counts = found.kinds(part.cells)
        rows.append(
            (
                "  " * part.depth + part.module,
                str(part.copies),
                *(str(counts[kind]) for kind in kinds),
                str(found.lut_sites(part.cells)),
            )
        )
    cells = total(found.modules)
    counts = found.kinds(cells)
    rows.append(("total", "", *(str(counts[kind]) for kind in kinds), str(found.lut_sites(cells))))
    lines = [
        f"{found.target.name}, {found.part}; cells of one copy of each module",
        *aligned(rows, output.width()),
    ]
    if found.placed is not None:
        used = ", ".join(f"{name} {n} of {most}" for name, (n, most) in found.placed.used.items())
        lines.append(f"placed, with shift registers at its ports: {used}")
        lines.append(f"Fmax {found.placed.fmax_mhz:.1f} MHz")
    return "\n".join(lines)
