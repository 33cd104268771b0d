"""`bitsim trace`: write and explain recordings of ternary products."""

from __future__ import annotations

import argparse

from bitsim.cli import options, output, streams


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser("trace", help="record and explain traces", description=__doc__)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    record = actions.add_parser("record", help="run the reference and write what it multiplies")
    options.add_network(record)
    options.add_head(record)
    options.add_prompt(record)
    record.add_argument("--tokens", type=options.count, default=2, help="at most so many (2)")
    record.add_argument("--out", required=True, metavar="PATH", help="the trace: a new folder")
    options.add_json(record)
    record.set_defaults(run=run_record)

    info = actions.add_parser("info", help="what a trace holds")
    info.add_argument("trace")
    options.add_json(info)
    info.set_defaults(run=run_info)


def run_record(args: argparse.Namespace) -> int:
    """Generate with the reference, recording every product."""
    import bitsim

    args.trace = bitsim.record(
        args.out,
        options.prompt(args),
        network=args.network,
        tokens=args.tokens,
        seed=args.seed,
        context=args.context,
        head=args.head,
        command=output.command_line(),
        say=streams.note,
    )
    return run_info(args)


def run_info(args: argparse.Namespace) -> int:
    """Read the whole trace, checking every checksum, and count."""
    import bitsim

    table = bitsim.load_trace(args.trace).info()
    if args.json:
        output.print_json(table)
        return 0
    for key, value in table.items():
        print(f"{key:26s} {value:.4f}" if isinstance(value, float) else f"{key:26s} {value}")
    return 0
