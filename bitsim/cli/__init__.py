"""The command line: one module for each command, thin over the Python functions."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from bitsim.cli import compiling, streams
from bitsim.cli.ending import FAULT, Stopping, ending
from bitsim.cli.parsing import Parser

COMMANDS = (
    "run",
    "simulate",
    "trace",
    "logits",
    "perplexity",
    "checkpoint",
    "rtl",
    "fpga",
    "explore",
    "list",
    "doctor",
)
WITHOUT_KERNELS = ("list", "doctor")


def parser() -> Parser:
    """The whole command line; building it imports nothing heavy."""
    top = Parser(
        prog="bitsim",
        description="Hardware co-design simulator for ternary LLM accelerators.",
        epilog="`bitsim COMMAND --help` explains each command. Names without a path are looked "
        "up in models/ (`bitsim list`). Exit status: 0 done, 1 a check did not hold, 2 the input "
        "or the machine is at fault, 128 and the number of a signal that ended it.",
    )
    top.add_argument("--version", action="version", version=_version())
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = importlib.import_module(f"bitsim.cli.{name}")
        module.add_parser(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status.

    argv  None: that of the process, whose streams and signals are then taken care of, and which
          says when kernels are compiled
    """
    of_process = argv is None
    if of_process and not streams.open_closed():
        streams.say("stdout is closed; leave it open, or send it to /dev/null")
        return FAULT
    try:
        if of_process:
            Stopping()
        status = _command(argv)
        sys.stdout.flush()
    except BaseException as error:
        ended = ending(error)
        if ended is None:
            raise
        status, text = ended
        streams.say(text)
    if of_process:
        streams.silence(sys.stdout)
        streams.silence(sys.stderr)
    return status


def _command(argv: Sequence[str] | None) -> int:
    try:
        args = parser().parse_args(argv)
    except SystemExit as stop:  # --help, --version or a fault of the command line
        return int(stop.code or 0)
    if argv is None and args.command not in WITHOUT_KERNELS:
        compiling.announce(streams.say)
    return int(args.run(args))


def _version() -> str:
    from importlib.metadata import version

    return f"bitsim {version('bitsim')}"
