"""`bitsim fpga`: an accelerator on a board, and the host at the other end of its serial line."""

from __future__ import annotations

import argparse

from bitsim.cli.fpga import build as fpga_build
from bitsim.cli.fpga import host as fpga_host
from bitsim.cli.fpga import simulate as fpga_simulate


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser("fpga", help="bitstream of a board", description=__doc__)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    fpga_build.add_parser(actions)
    fpga_host.add_parser(actions)
    fpga_simulate.add_parser(actions)
