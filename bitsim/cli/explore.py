"""`bitsim explore`: simulate a grid of machines; table and Pareto front."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from bitsim.cli import options


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
    from bitsim.report import sweep_table, sweep_text, write_explore
    from bitsim.sweeps import load_sweep, run_sweep

    sweep = load_sweep(args.sweep)
    folder: Path = options.out_folder(args.out)
    result = run_sweep(
        sweep, workers=args.workers, db_path=folder / f"{sweep.name}.sqlite", progress=options.note
    )
    page = folder / f"{sweep.name}.html"
    write_explore(result, page)
    if args.json:
        options.print_json(sweep_table(result))
    else:
        print(sweep_text(result))
        print(page)
    return 0
