"""`bitsim fpga build`: an accelerator with a serial host as a bitstream for a board."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from bitsim.cli import options, output, streams
from bitsim.errors import BitsimError

REPORT = "report.json"
LARGEST_SEED = (1 << 31) - 1  # nextpnr's


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the action."""
    build = actions.add_parser("build", help="bitstream for a board", description=__doc__)
    build.add_argument("--board", required=True, metavar="NAME", help="name or TOML file")
    build.add_argument(
        "--accelerator", metavar="NAME", help="name or TOML file (default: the board's)"
    )
    build.add_argument("--out", required=True, metavar="DIR", help="bitstream, report and logs")
    build.add_argument(
        "--seed", type=options.seed, default=1, help="of the placement (default: %(default)s)"
    )
    options.add_json(build)
    build.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Build in a folder of its own; `--out` gets what was made. Status 1: clock not reached."""
    import bitsim
    from bitsim.fpga.build import build
    from bitsim.fpga.build import report as build_report
    from bitsim.spec.catalog import load_board

    board = load_board(args.board)
    machine = bitsim.load_accelerator(args.accelerator or board.accelerator)
    try:
        build.require(machine, board)
    except BitsimError as error:
        if args.board == board.name:
            raise
        raise BitsimError(f"{args.board}: {error}") from None  # a file of the user's own
    if args.seed > LARGEST_SEED:
        raise BitsimError(f"--seed {args.seed}: nextpnr takes at most {LARGEST_SEED}; lower it")
    scratch_folder = tempfile.TemporaryDirectory(prefix="bitsim-fpga.")
    with output.out_folder(args.out) as out, scratch_folder as scratch:
        folder = Path(scratch)
        try:
            found = build.build(machine, board, args.seed, folder, streams.note)
        except BitsimError:
            output.keep(folder, build.LOGS, out)  # they say more than the one line
            raise
        table = build_report.table(found)
        (folder / REPORT).write_text(json.dumps(table, indent=2) + "\n")
        made = (build.source_name(board), build.pins_name(board), build.bitstream_name(board))
        output.keep(folder, (*made, REPORT, *build.LOGS), out)  # or no bitstream: see `met`
    if args.json:
        output.print_json(table)
    else:
        print(build_report.text(found))
    return 0 if found.met else 1
