"""`bitsim list`: what can be named without a path."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import get_args

from bitsim.cli import options

KINDS = ("networks", "accelerators", "technologies", "sweeps", "checkpoints", "boards")
NOTE = 96  # characters of a note


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser("list", help="what there is in models/", description=__doc__)
    parser.add_argument("kind", nargs="?", choices=KINDS, help="only this kind")
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print names and notes."""
    from bitsim.spec import catalog

    assert set(KINDS) == set(get_args(catalog.Kind))
    table = {
        kind: {name: _note(catalog.find(kind, name)) for name in catalog.names(kind)}
        for kind in get_args(catalog.Kind)
        if args.kind in (None, kind)
    }
    if args.json:
        options.print_json(table)
        return 0
    for kind, entries in table.items():
        print(kind)
        for name, note in entries.items():
            print(f"  {name:24s} {note}")
    return 0


def _note(path: Path) -> str:
    """What an entry says of itself, cut to a line."""
    from bitsim.spec import base

    if path.is_dir():
        return "checkpoint folder (config.json, model.safetensors)"
    return textwrap.shorten(str(base.parse_toml(path).get("note", "")), NOTE, placeholder=" ...")
