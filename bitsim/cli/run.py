"""`bitsim run`: generate tokens in the simulated array, then account for them.

Every ternary product is computed in the array, cycle by cycle, and compared with the reference.
"""

from __future__ import annotations

import argparse

from bitsim.cli import options, output, streams


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "run", help="generate tokens in the simulated array", description=__doc__
    )
    options.add_network(parser)
    options.add_head(parser)
    options.add_machine(parser)
    options.add_prompt(parser)
    parser.add_argument("--tokens", type=options.count, default=8, help="at most so many (8)")
    parser.add_argument(
        "--temperature",
        type=_temperature,
        default=0.0,
        help="0 takes the most probable token; above, samples with --seed (default: 0)",
    )
    parser.add_argument("--out", default="out", metavar="DIR", help="for the files (out)")
    options.add_json(parser)
    parser.set_defaults(run=run)


def _temperature(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} must be a number from 0 to 100")
    return value


def _nothing(text: str) -> None:
    """With --json the text is in the document alone."""


def run(args: argparse.Namespace) -> int:
    """Load, generate, account, write."""
    import bitsim
    from bitsim.cli.progress import Progress
    from bitsim.errors import CheckFailedError
    from bitsim.report import account, write_all

    prompt = options.prompt(args)
    with output.out_folder(args.out) as folder:
        with Progress("product") as progress:
            write = _nothing if args.json else progress.write
            made = bitsim.run(
                prompt,
                accelerator=args.accelerator,
                network=args.network,
                technology=args.technology,
                tokens=args.tokens,
                temperature=args.temperature,
                seed=args.seed,
                context=args.context,
                head=args.head,
                say=streams.note,
                on_text=write,
                progress=progress,
            )
            write("\n")
        generated, result = made.generated, made.result
        table = write_all(result, generated, output.command_line(), folder)
    if args.json:
        output.print_json(table)
    else:
        print(account(result, generated, output.width()))
        print(f"\n{folder}/report.html  {folder}/result.json  {folder}/timeline.pftrace")
    if generated.mismatches:
        raise CheckFailedError(
            f"{generated.mismatches} sums differ from the reference, the first in "
            f"{generated.first_mismatch}; `bitsim rtl check` tells whether the hardware agrees"
        )
    return 0
