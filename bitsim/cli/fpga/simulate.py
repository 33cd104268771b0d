"""`bitsim fpga simulate`: an accelerator's Verilog as a board behind a pseudo-terminal.

The whole accelerator runs under Verilator, with each bit on its serial line, as fast as may be.
`bitsim fpga host --port` takes the terminal that is printed for a board. Ctrl-C ends it.
"""

from __future__ import annotations

import argparse

from bitsim.cli import options, output, streams
from bitsim.errors import BitsimError

ACCELERATOR = "dot_2x10_serial"


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the action."""
    simulate = actions.add_parser(
        "simulate", help="a board without a board, behind a terminal", description=__doc__
    )
    simulate.add_argument(
        "--accelerator",
        default=ACCELERATOR,
        metavar="NAME",
        help="name or TOML file, with a serial [host] (default: %(default)s)",
    )
    simulate.add_argument(
        "--skew",
        type=_number,
        default=0.0,
        metavar="FRACTION",
        help="how much longer the host's bits are; 0.02 is 2 %% (0)",
    )
    simulate.add_argument(
        "--damage",
        type=_number,
        default=0.0,
        metavar="FRACTION",
        help="of the bytes on the line: changed, lost, or another before them (0)",
    )
    simulate.add_argument("--seed", type=options.seed, default=0, help="says which bytes (0)")
    simulate.add_argument(
        "--work", default="build/rtl", metavar="DIR", help="built simulators are kept (%(default)s)"
    )
    options.add_json(simulate)
    simulate.set_defaults(run=run)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} must be a number") from None


def run(args: argparse.Namespace) -> int:
    """Build, say where it is, run until it is ended."""
    import json

    import bitsim
    from bitsim.verilated.serial.process import (
        Line,
        SerialProcess,
        build_serial_process,
        serial_host,
    )

    machine = bitsim.load_accelerator(args.accelerator)
    baud = serial_host(machine).baud
    line = Line(args.skew, args.damage, args.seed)
    with output.out_folder(args.work) as work:
        streams.note(f"fpga simulate: building {machine.name}, unless it is in {work}")
        program = build_serial_process(machine, work)
    with SerialProcess(program, machine, line) as board:
        table = {"port": board.path, "accelerator": machine.name, "baud": baud}
        try:
            print(json.dumps(table) if args.json else board.path, flush=True)
            board.wait()
        except KeyboardInterrupt:
            passed = board.stop()
            streams.note(
                f"fpga simulate: {passed.cycles} cycles; {passed.received_bytes} bytes received, "
                f"{passed.sent_bytes} sent, {passed.damaged_bytes} damaged on the way"
            )
            return 0
    raise BitsimError(f"fpga simulate: {machine.name}: the simulator has ended; start it again")
