"""`bitsim list`: what can be named without a path, and what the fields of a file are."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import get_args

from bitsim.cli import options, output
from bitsim.columns import aligned
from bitsim.errors import BitsimError

KINDS = ("networks", "accelerators", "technologies", "sweeps", "checkpoints", "boards")
FILES = ("accelerator", "network", "technology", "sweep", "board", "checkpoint")
NOTE = 96  # characters of a note
FIELD_WIDTH = 100  # where there is no terminal
INDENT = " " * 6  # of a field's meaning, below the field


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser("list", help="what there is in models/", description=__doc__)
    parser.add_argument(
        "kind", nargs="?", choices=(*KINDS, "fields"), help="only this kind; fields: those of files"
    )
    parser.add_argument("file", nargs="?", choices=FILES, help="only fields of this kind of file")
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print names and notes, or fields."""
    if args.kind == "fields":
        return _fields(FILES if args.file is None else (args.file,), args.json)
    if args.file is not None:
        raise BitsimError(f"{args.file}: only `list fields` takes a kind of file; leave it out")
    from bitsim.spec import catalog

    assert set(KINDS) == set(get_args(catalog.Kind))
    table = {
        kind: {name: _note(catalog.find(kind, name)) for name in catalog.names(kind)}
        for kind in get_args(catalog.Kind)
        if args.kind in (None, kind)
    }
    if args.json:
        output.print_json(table)
        return 0
    for kind, entries in table.items():
        print(kind)
        rows = [
            (f"  {name}", textwrap.shorten(note, NOTE, placeholder=" ..."))
            for name, note in entries.items()
        ]
        print("\n".join(aligned(rows, output.width(), left=2)))
    return 0


def _fields(files: tuple[str, ...], as_json: bool) -> int:
    """Print every field of some kinds of file."""
    from dataclasses import asdict

    from bitsim.spec import fields

    assert set(FILES) == set(fields.FILES)
    table = {file: fields.fields(file) for file in files}
    if as_json:
        output.print_json({file: [asdict(line) for line in table[file]] for file in table})
        return 0
    width = output.width() or FIELD_WIDTH
    for file, lines in table.items():
        print(file)
        for line in lines:
            head = f"  {line.path:34s} {fields.summary(line)}"
            print(textwrap.fill(head, width, subsequent_indent=INDENT, break_on_hyphens=False))
            print(
                textwrap.fill(line.meaning, width, initial_indent=INDENT, subsequent_indent=INDENT)
            )
    return 0


def _note(path: Path) -> str:
    """What an entry says of itself, as one line."""
    from bitsim.spec import base

    if path.is_dir():
        return "checkpoint folder (config.json, model.safetensors)"
    return " ".join(str(base.parse_toml(path).get("note", "")).split())
