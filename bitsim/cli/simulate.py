"""`bitsim simulate`: cycles and energy of a trace, or of a network by its shape alone."""

from __future__ import annotations

import argparse

from bitsim.cli import options, output


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "simulate", help="cycles and energy of a trace or a network's shape", description=__doc__
    )
    parser.add_argument("trace", nargs="?", help="a recorded trace: replayed with its values")
    parser.add_argument("--network", metavar="NAME", help="by shape alone, timing without values")
    options.add_machine(parser)
    parser.add_argument("--stage", choices=("decode", "prefill"), default="decode")
    parser.add_argument(
        "--batch", type=options.count, default=1, help="sequences decoded together (1)"
    )
    parser.add_argument(
        "--context",
        type=options.count,
        default=512,
        help="decode: tokens in the KV cache before; prefill: tokens of the prompt (512)",
    )
    parser.add_argument("--out", metavar="DIR", help="write result.json, report.html, timeline")
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Load, simulate, print."""
    from contextlib import ExitStack

    import bitsim
    from bitsim.cli.progress import Progress
    from bitsim.errors import BitsimError
    from bitsim.report import account, result_table, write_all

    if (args.trace is None) == (args.network is None):
        raise BitsimError("simulate: give either a trace or --network NAME")
    with ExitStack() as stack:
        folder = args.out and stack.enter_context(output.out_folder(args.out))
        if args.trace is not None:
            result = bitsim.simulate_trace(args.accelerator, args.trace, args.technology)
        else:
            with Progress("phase") as progress:
                result = bitsim.simulate(
                    args.accelerator,
                    args.network,
                    args.technology,
                    stage=args.stage,
                    batch=args.batch,
                    context=args.context,
                    progress=progress,
                )
        if folder:
            write_all(result, None, output.command_line(), folder)
    if args.json:
        output.print_json(result_table(result, None, output.command_line()))
    else:
        print(account(result, None, output.width()))
    return 0
