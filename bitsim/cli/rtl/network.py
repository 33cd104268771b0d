"""`bitsim rtl check --network`: whole tokens of a network through the Verilog."""

from __future__ import annotations

import argparse

from bitsim.cli import options, output, streams

ACCELERATOR = "dot_32x32_axi"  # a cycle of it simulates the most products for the time it takes


def add_options(parser: argparse.ArgumentParser) -> None:
    """What goes with --network; each is None unless it is given."""
    parser.add_argument(
        "--network",
        metavar="NAME",
        help=f"every ternary product of this network's tokens, on {ACCELERATOR} or --accelerator; "
        f"call it again after a kill, and it goes on after the last finished layer",
    )
    parser.add_argument(
        "--tokens", type=options.count, metavar="N", help="with --network: tokens to generate (1)"
    )
    parser.add_argument(
        "--prompt", help="with --network: text to continue (default: the first token alone, BOS)"
    )
    parser.add_argument(
        "--latency",
        type=options.count,
        metavar="CYCLES",
        help="with --network: from an address to its first word or response (1)",
    )


def require_alone(args: argparse.Namespace) -> None:
    """`BitsimError` for options that do not go together."""
    from bitsim.errors import BitsimError

    if args.network is None:
        for name in ("tokens", "prompt", "latency"):
            if getattr(args, name) is not None:
                raise BitsimError(f"rtl check: --{name} needs --network, whose tokens are meant")
        return
    for name in ("cases", "bus", "trace"):
        if getattr(args, name):
            raise BitsimError(f"rtl check: --network brings its own work; leave out --{name}")


def run_check_network(args: argparse.Namespace) -> int:
    """Build, generate, compare; status 1 where something differs."""
    import bitsim
    from bitsim import agreement
    from bitsim.cli.progress import Progress

    machine = bitsim.load_accelerator(args.accelerator or ACCELERATOR)
    with output.out_folder(args.work) as work, Progress("rtl check: layer") as progress:
        result = agreement.check_tokens(
            machine,
            network=args.network,
            prompt=args.prompt,
            tokens=args.tokens or 1,
            seed=args.seed,
            latency_cycles=args.latency or 1,
            work=work,
            say=streams.note,
            begin_progress=lambda: progress,
        )
    if args.json:
        output.print_json(result.table())
    else:
        print(result.text())
    return 0 if result.agrees else 1
