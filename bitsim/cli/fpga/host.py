"""`bitsim fpga host`: a network's ternary products on a board at a serial line.

Weights, activations and sums go over the line; norms, attention, head and sampling are the
reference's. Every sum is compared with the reference. `bitsim fpga simulate` is a board for trying.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bitsim.cli import options, output, streams
from bitsim.errors import BitsimError

if TYPE_CHECKING:
    from bitsim.fpga.host.result import Answer

NUMBERS = "734+589="
MOST_BYTES = 1 << 20  # of a file of prompts


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the action."""
    from bitsim.spec.defaults import NETWORK

    host = actions.add_parser(
        "host", help="run a network or a trace on a board", description=__doc__
    )
    host.add_argument("--port", required=True, metavar="PATH", help="serial port, /dev/ttyUSB0")
    host.add_argument(
        "--accelerator", required=True, metavar="NAME", help="name or TOML file: what it holds"
    )
    work = host.add_mutually_exclusive_group()
    work.add_argument("--trace", metavar="PATH", help="replay these products")
    work.add_argument(
        "--network",
        metavar="NAME",
        help=f"name, checkpoint folder or .gguf file: generate (default: {NETWORK})",
    )
    host.add_argument(
        "--prompt",
        action="append",
        metavar="TEXT",
        help=f"text to continue; several go together, so that weights are sent once "
        f"(default: {NUMBERS})",
    )
    host.add_argument("--prompts", metavar="FILE", help="prompts too, one a line")
    host.add_argument(
        "--tokens",
        type=options.count,
        metavar="N",
        help="at most so many for each prompt (8); of a trace: its first N passes (all)",
    )
    host.add_argument(
        "--layers",
        type=options.count,
        metavar="N",
        help="only the first N on the board, the others in the reference (all)",
    )
    host.add_argument(
        "--seed", type=options.seed, default=0, help="of synthetic weights (%(default)s)"
    )
    host.add_argument(
        "--work", default="build/fpga", metavar="DIR", help="what is finished is kept (%(default)s)"
    )
    options.add_json(host)
    host.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Load, run, compare; status 1 where something differs."""
    import bitsim
    from bitsim.cli.progress import Progress
    from bitsim.fpga.host.run import BoardPort, ask_board, replay_on_board
    from bitsim.spec.defaults import NETWORK

    board = BoardPort(bitsim.load_accelerator(args.accelerator), args.port)
    if args.trace is not None and (args.prompt or args.prompts):
        raise BitsimError("fpga host: --trace has its own work; leave out --prompt, --prompts")
    with output.out_folder(args.work) as work, Progress("fpga host: byte") as progress:
        if args.trace is not None:
            result = replay_on_board(
                board,
                bitsim.load_trace(Path(args.trace)),
                work,
                layers=args.layers,
                passes=args.tokens,
                say=streams.note,
                begin_progress=lambda: progress,
            )
        else:

            def on_answer(answer: Answer) -> None:
                if not args.json:
                    progress.write(f"{answer.prompt}{answer.text}\n")

            result = ask_board(
                board,
                args.network or NETWORK,
                _prompts(args),
                args.tokens or 8,
                work,
                layers=args.layers,
                seed=args.seed,
                say=streams.note,
                on_answer=on_answer,
                begin_progress=lambda: progress,
            )
    if args.json:
        output.print_json(result.table())
    else:
        print(result.text())
    return 0 if result.agrees else 1


def _prompts(args: argparse.Namespace) -> list[str]:
    from bitsim.spec import base

    prompts = list(args.prompt or [])
    if args.prompts is not None:
        text = base.read_text(Path(args.prompts), MOST_BYTES)
        lines = [line for line in text.splitlines() if line]
        if not lines:
            raise BitsimError(f"{args.prompts}: no prompts; write one on each line")
        prompts += lines
    return prompts or [NUMBERS]
