"""`bitsim fpga build`: an accelerator with a serial host as a bitstream for a board."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from bitsim.cli import options
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
    out = options.out_folder(args.out)
    with tempfile.TemporaryDirectory(prefix="bitsim-fpga.") as scratch:
        folder = Path(scratch)
        try:
            found = build.build(machine, board, args.seed, folder, options.note)
        except BitsimError:
            _keep(folder, build.LOGS, out)  # they say more than the one line
            raise
        table = build_report.table(found)
        (folder / REPORT).write_text(json.dumps(table, indent=2) + "\n")
        made = [build.source_name(board), build.pins_name(board), REPORT, *build.LOGS]
        if found.bitstream is None:  # none of an earlier build beside this one's report
            (out / build.bitstream_name(board)).unlink(missing_ok=True)
        else:
            made.append(found.bitstream)
        _keep(folder, made, out)
    if args.json:
        options.print_json(table)
    else:
        print(build_report.text(found))
    return 0 if found.met else 1


def _keep(folder: Path, names: list[str] | tuple[str, ...], out: Path) -> None:
    from bitsim.files.atomic import atomic_file

    for name in names:
        if (folder / name).is_file():
            with atomic_file(out / name) as file:
                file.write((folder / name).read_bytes())
