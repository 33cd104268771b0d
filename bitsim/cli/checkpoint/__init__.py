"""`bitsim checkpoint`: look into checkpoints; make, convert and fetch them."""

from __future__ import annotations

import argparse
from pathlib import Path

from bitsim.cli import options, output, streams
from bitsim.cli.checkpoint import convert as checkpoint_convert
from bitsim.cli.checkpoint import fetch as checkpoint_fetch
from bitsim.cli.checkpoint import layout as checkpoint_layout


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "checkpoint", help="look into checkpoints, make, convert, fetch them", description=__doc__
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    info = actions.add_parser("info", help="format, tensors, ternary weights")
    info.add_argument(
        "checkpoint", help="name, folder with config.json and model.safetensors, or .gguf file"
    )
    options.add_json(info)
    info.set_defaults(run=run_info)
    make = actions.add_parser("make", help="a shape with synthetic weights as a packed folder")
    make.add_argument("--network", required=True, metavar="NAME", help="name or TOML of a shape")
    make.add_argument("--seed", type=options.seed, default=0, help="(default: %(default)s)")
    make.add_argument("--out", required=True, metavar="DIR", help="a folder that is not there yet")
    options.add_json(make)
    make.set_defaults(run=run_make)
    checkpoint_convert.add_action(actions)
    checkpoint_fetch.add_action(actions)
    checkpoint_layout.add_action(actions)


def run_info(args: argparse.Namespace) -> int:
    """Check the whole checkpoint and count."""
    from bitsim.reference.checkpoints.inspection import checkpoint_info

    table = checkpoint_info(args.checkpoint)
    if args.json:
        output.print_json(table)
        return 0
    for key, value in table.items():
        print(f"{key:24s} {value}")
    return 0


def run_make(args: argparse.Namespace) -> int:
    """Say how much is written, then write it."""
    from bitsim.cli.progress import Progress
    from bitsim.reference.checkpoints.make import plan_checkpoint, write_checkpoint

    plan = plan_checkpoint(args.network, args.seed, Path(args.out))
    streams.note(f"{args.out}: {plan.total_bytes} bytes will be written; the disk has them free")
    with Progress("layer") as progress:
        write_checkpoint(plan, progress)
    if args.json:
        table = {"folder": args.out, "tensors": len(plan.promised), "bytes": plan.total_bytes}
        output.print_json(table)
    else:
        print(f"{args.out}: {len(plan.promised)} tensors, {plan.total_bytes} bytes")
    return 0
