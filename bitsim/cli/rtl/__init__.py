"""`bitsim rtl`: Verilog of a machine, whether it does what the simulation says, what it takes."""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitsim.cli import options, output, streams
from bitsim.cli.rtl import network as rtl_network
from bitsim.cli.rtl import synth as rtl_synth

if TYPE_CHECKING:
    from bitsim.spec.accelerator import AcceleratorSpec

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")

ENGINES = 4  # one for each high-performance port of a Zynq UltraScale+


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    from bitsim.spec.defaults import ACCELERATOR

    parser = commands.add_parser("rtl", help="Verilog, and its check", description=__doc__)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    emit = actions.add_parser("emit", help="write the Verilog of an accelerator")
    emit.add_argument("--accelerator", default=ACCELERATOR, metavar="NAME")
    emit.add_argument("--out", metavar="FILE", help="default: stdout")
    emit.add_argument(
        "--target",
        metavar="NAME",
        help="lanes in the cells of this family alone: ecp5 or xilinx (default: plain Verilog)",
    )
    emit.add_argument("--header", metavar="FILE", help="C header of its registers too")
    emit.add_argument("--registers", metavar="FILE", help="page of its registers (Markdown) too")
    emit.add_argument("--core", metavar="FILE", help="core of FuseSoC, beside --out, too")
    emit.add_argument("--vivado", metavar="DIR", help="project for a Kria KV260 too (rtl/vivado)")
    emit.add_argument(
        "--engines", type=options.count, metavar="N", help="with --vivado: how many (default: 4)"
    )
    options.add_json(emit)
    emit.set_defaults(run=run_emit)

    check = actions.add_parser(
        "check", help="Verilog under Verilator against array and reference, every cycle"
    )
    machines = check.add_mutually_exclusive_group()
    machines.add_argument("--accelerator", metavar="NAME", help="one machine")
    machines.add_argument("--cases", type=options.count, metavar="N", help="N random machines")
    check.add_argument(
        "--bus", action="store_true", help="with --cases: whole accelerators, lists over AXI4"
    )
    check.add_argument("--seed", type=options.seed, default=0)
    check.add_argument("--trace", metavar="PATH", help="with --accelerator: replay these products")
    rtl_network.add_options(check)
    check.add_argument("--work", default="build/rtl", metavar="DIR", help="built binaries are kept")
    options.add_json(check)
    check.set_defaults(run=run_check)

    rtl_synth.add_parser(actions)


def run_emit(args: argparse.Namespace) -> int:
    """Generate and write."""
    import bitsim
    from bitsim.errors import BitsimError
    from bitsim.gateware import lanes as fabrics
    from bitsim.gateware.emit.vivado import vivado_files
    from bitsim.gateware.host.c_header import c_header
    from bitsim.gateware.host.register_page import register_page

    machine = bitsim.load_accelerator(args.accelerator)
    if (args.header or args.registers) and machine.host is None:
        raise BitsimError(
            f"--header, --registers: {machine.name} has no [host] and so no registers; add [bus] "
            f"and [host], or leave them out"
        )
    if args.engines is not None and args.vivado is None:
        raise BitsimError("--engines: they are those of a board; add --vivado DIR, or leave it out")
    core = None if args.core is None else _core(machine, args.core, args.out)
    if args.target is not None and core is not None:
        raise BitsimError("--core: its target `lint` is for plain Verilog; leave out --target")
    fabric = fabrics.find(args.target)
    kit = {} if args.vivado is None else vivado_files(machine, args.engines or ENGINES, fabric)
    verilog = kit.get(f"{machine.name}.v") or bitsim.emit(machine, args.target)
    with ExitStack() as stack:
        texts: list[tuple[str | Path | None, str | None]] = [(args.core, core), (args.out, verilog)]
        if args.header is not None:
            texts.append((args.header, c_header(machine)))
        if args.registers is not None:
            texts.append((args.registers, register_page(machine)))
        if kit:
            folder = stack.enter_context(output.out_folder(args.vivado))
            texts += [(folder / name, text) for name, text in kit.items()]
        _write(texts)
    if args.out is None and not args.json and not kit:
        sys.stdout.write(verilog)
    if args.json:
        table: dict[str, Any] = {
            "accelerator": machine.name,
            "out": args.out,
            "vivado": sorted(kit),
            "bytes": len(verilog.encode()),
            "sha256": hashlib.sha256(verilog.encode()).hexdigest(),
        }
        output.print_json(table if args.out else table | {"verilog": verilog})
    return 0


def _core(machine: AcceleratorSpec, core: str, out: str | None) -> str:
    """A core names its files from its own folder on, in YAML."""
    from importlib.metadata import version

    from bitsim.errors import BitsimError
    from bitsim.gateware.emit.fusesoc_core import fusesoc_core

    if out is None or Path(out).parent.resolve() != Path(core).parent.resolve():
        raise BitsimError("--core: the Verilog lies beside it; add --out FILE in the same folder")
    if _PLAIN.fullmatch(Path(out).name) is None:
        raise BitsimError(
            f"--out {Path(out).name[:80]!r}: a core names it, so letters, digits, _ . and - only"
        )
    return fusesoc_core(machine, Path(out).name, version("bitsim"))


def _write(texts: list[tuple[str | Path | None, str | None]]) -> None:
    """All files or none; what has no path or no text was not asked for."""
    from bitsim.files.atomic import atomic_file
    from bitsim.files.together import together

    with together() as files:
        for path, text in texts:
            if path is not None and text is not None:
                with atomic_file(files.place(Path(path))) as file:
                    file.write(text.encode())


def run_check(args: argparse.Namespace) -> int:
    """Build, replay, compare; status 1 where they differ."""
    import bitsim
    from bitsim import agreement
    from bitsim.errors import BitsimError
    from bitsim.spec.defaults import ACCELERATOR

    rtl_network.require_alone(args)
    if args.network is not None:
        return rtl_network.run_check_network(args)
    if args.trace and args.cases:
        raise BitsimError("rtl check: --trace needs --accelerator; random machines have no trace")
    if args.bus and not args.cases:
        raise BitsimError(
            "rtl check: --bus needs --cases; of an accelerator with [bus] it is always checked"
        )
    with output.out_folder(args.work) as work:
        if args.cases:
            random = agreement.check_random_tops if args.bus else agreement.check_random_machines
            result = random(args.cases, args.seed, work, streams.note)
        else:
            result = bitsim.check(
                args.accelerator or ACCELERATOR,
                args.trace,
                seed=args.seed,
                work=work,
                say=streams.note,
            )
    if args.json:
        output.print_json(result.table())
    else:
        print(result.text())
    return 0 if result.agrees else 1
