"""`bitsim checkpoint`: look into checkpoints."""

from __future__ import annotations

import argparse

from bitsim.cli import options


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser("checkpoint", help="look into checkpoints", description=__doc__)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    info = actions.add_parser("info", help="format, tensors, ternary weights of a folder")
    info.add_argument("checkpoint", help="name, or folder with config.json and model.safetensors")
    options.add_json(info)
    info.set_defaults(run=run_info)


def run_info(args: argparse.Namespace) -> int:
    """Check the whole checkpoint and count."""
    from bitsim.reference.inspection import checkpoint_info

    table = checkpoint_info(args.checkpoint)
    if args.json:
        options.print_json(table)
        return 0
    for key, value in table.items():
        print(f"{key:24s} {value}")
    return 0
