"""`bitsim checkpoint layout`: ternary weights in the byte layout of another program's kernels."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from bitsim.cli import options, output, streams


def add_action(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the action."""
    parser = actions.add_parser(
        "layout", help="ternary weights in another program's layout", description=__doc__
    )
    parser.add_argument("checkpoint", help="name, folder, or .gguf file")
    parser.add_argument(
        "--to",
        choices=("int2", "tl1", "tl2"),  # `LAYOUTS`, which takes its time to import
        help="int2: Microsoft's GPU kernel; tl1, tl2: bitnet.cpp's table kernels for ARM and x86",
    )
    parser.add_argument("--out", metavar="FILE", help="a .safetensors file not there yet")
    parser.add_argument(
        "--kernel-config",
        metavar="FILE",
        help="tile sizes of tl1 and tl2 as bitnet.cpp's generators wrote them: kernel_config.ini",
    )
    parser.add_argument(
        "--check",
        metavar="FILE",
        help="instead of --to and --out: a file that was written, read back and compared with the "
        "checkpoint weight by weight",
    )
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write a file, or compare one."""
    from bitsim.errors import BitsimError

    if args.check is not None:
        if args.to or args.out or args.kernel_config:
            raise BitsimError("--check: compares a file that is there; leave other options away")
        return _compare(args)
    for option in ("to", "out"):
        if not getattr(args, option):
            raise BitsimError(f"--{option}: missing; give --to and --out, or --check")
    return _write(args)


def _write(args: argparse.Namespace) -> int:
    from bitsim.cli.progress import Progress
    from bitsim.reference.checkpoints.forms import open_checkpoint
    from bitsim.reference.checkpoints.layouts.writer import plan_layout, write_layout

    config = Path(args.kernel_config) if args.kernel_config else None
    plan = plan_layout(open_checkpoint(args.checkpoint), args.to, Path(args.out), config)
    streams.note(f"{args.out}: {plan.total_bytes} bytes will be written; the disk has them free")
    parameters: dict[str, Any] = {}
    for name, matrix in plan.contents.matrices.items():
        shape = f"{matrix.n}x{matrix.k}"
        if shape not in parameters:
            published = plan.layouts[name].is_published(matrix.n, matrix.k)
            origin = "kernel config" if config else "published" if published else "chosen"
            parameters[shape] = matrix.parameters | {"origin": origin}
    chosen = [shape for shape, table in parameters.items() if table["origin"] == "chosen"]
    if chosen:
        streams.note(f"{args.to}: no tile sizes are published for {', '.join(chosen)}; chosen here")
    with Progress("matrix") as progress:
        rounded = write_layout(plan, progress)
    table = {
        "file": args.out,
        "layout": args.to,
        "matrices": len(plan.contents.matrices),
        "ternary_weights": plan.source.spec.ternary_weights,
        "bytes": plan.total_bytes,
        "scales_rounded": rounded,
        "parameters": parameters,
    }
    if args.json:
        output.print_json(table)
    else:
        print(
            f"{args.out}: {table['matrices']} matrices, {table['ternary_weights']} weights, "
            f"{plan.total_bytes} bytes, {rounded} scales rounded"
        )
    return 0


def _compare(args: argparse.Namespace) -> int:
    from bitsim.cli.progress import Progress
    from bitsim.errors import CheckFailedError
    from bitsim.reference.checkpoints.forms import open_checkpoint
    from bitsim.reference.checkpoints.layouts.compare import compare_layout

    with Progress("matrix") as progress:
        found = compare_layout(open_checkpoint(args.checkpoint), Path(args.check), progress)
    table = {
        "file": args.check,
        "matrices": found.matrices,
        "different_matrices": list(found.different),
        "different_scales": list(found.other_scales),
    }
    if args.json:
        output.print_json(table)
    else:
        print(f"{args.check}: {found.matrices} matrices, {len(found.different)} different")
    if found.different:
        raise CheckFailedError(f"{args.check}: {found.different[0]} is not the checkpoint's")
    return 0
