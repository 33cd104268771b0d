"""The command line: one module for each command, thin over the Python functions."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from bitsim.cli import compiling
from bitsim.errors import BitsimError, CheckFailedError

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
FAULT, INTERRUPTED = 2, 130
OF_THE_MACHINE = (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT, errno.EPERM)


class _Parser(argparse.ArgumentParser):
    """argparse whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        line = " ".join(message.split())
        self.exit(FAULT, f"{self.prog}: {line}; see `{self.prog} --help`\n")


def parser() -> argparse.ArgumentParser:
    """The whole command line; building it imports nothing heavy."""
    top = _Parser(
        prog="bitsim",
        description="Hardware co-design simulator for ternary LLM accelerators.",
        epilog="`bitsim COMMAND --help` explains each command. Names without a path are looked "
        "up in models/ (`bitsim list`). Exit status: 0 done, 1 a check did not hold, 2 the input "
        "or the machine is at fault.",
    )
    top.add_argument("--version", action="version", version=_version())
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = importlib.import_module(f"bitsim.cli.{name}")
        module.add_parser(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status.

    argv  None: that of the process, which then also says when kernels are compiled
    """
    try:
        args = parser().parse_args(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    try:
        if argv is None and args.command not in WITHOUT_KERNELS:
            compiling.announce(_say)
        status = int(args.run(args))
        sys.stdout.flush()
    except (BitsimError, CheckFailedError) as error:
        _say(str(error))
        status = error.exit_status
    except KeyboardInterrupt:
        _say("interrupted; nothing half-written is left")
        status = INTERRUPTED
    except MemoryError:
        _say("out of memory; ask for a smaller network, context or batch")
        status = FAULT
    except RuntimeError as error:
        text = compiling.fault(error)
        if text is None:
            raise
        _say(text)
        status = FAULT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FAULT
    except OSError as error:
        if error.errno not in OF_THE_MACHINE:
            raise
        _say(f"{error.filename or 'output'}: {error.strerror}; free space or choose another --out")
        status = FAULT
    return status


def _say(text: str) -> None:
    for line in text.splitlines():
        print(f"bitsim: {line}", file=sys.stderr)


def _version() -> str:
    from importlib.metadata import version

    return f"bitsim {version('bitsim')}"
