"""`bitsim explore`: simulate a grid of machines; table and Pareto front."""

from __future__ import annotations

import argparse
import os

from bitsim.cli import options, output, streams


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser("explore", help="a grid of machines", description=__doc__)
    parser.add_argument("sweep", help="name or TOML file of a sweep")
    parser.add_argument("--out", default="out", metavar="DIR", help="for the files (out)")
    parser.add_argument("--workers", type=options.count, default=os.cpu_count() or 1)
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Load, sweep (resuming what is done), print, write."""
    import bitsim
    from bitsim.cli.progress import Progress
    from bitsim.report import sweep_table, sweep_text, write_explore

    with output.out_folder(args.out) as folder:
        with Progress("design") as progress:
            result = bitsim.explore(
                args.sweep, out=folder, workers=args.workers, say=streams.note, progress=progress
            )
        page = folder / f"{result.sweep.name}.html"
        write_explore(result, page)
    if args.json:
        output.print_json(sweep_table(result))
    else:
        print(sweep_text(result, output.width()))
        print(page)
    return 0
