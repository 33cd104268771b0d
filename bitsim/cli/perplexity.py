"""`bitsim perplexity`: how well the reference predicts the tokens of a text file.

exp of the mean negative log-likelihood (nats, float64) of all tokens of the file. A window is the
network's BOS and up to --context - 1 tokens; windows begin --stride tokens apart, and each token
counts once, in the first window that predicts it.
"""

from __future__ import annotations

import argparse

from bitsim.cli import options, output, streams

MAX_TEXT_BYTES = 64 << 20


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "perplexity", help="of a text file by the reference", description=__doc__
    )
    options.add_network(parser)
    options.add_head(parser)
    parser.add_argument("file", metavar="FILE", help="text in UTF-8, all of it, as it is")
    parser.add_argument(
        "--context", type=options.count, help="inputs of a window (default: the network's own)"
    )
    parser.add_argument(
        "--stride", type=options.count, help="tokens from window to window (half of --context)"
    )
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, walk, print."""
    from dataclasses import asdict
    from pathlib import Path

    import bitsim
    from bitsim.cli.progress import Progress
    from bitsim.reference.generation.context import with_context
    from bitsim.reference.generation.perplexity import perplexity, text_ids
    from bitsim.reference.network.head import tell_head
    from bitsim.spec.base import read_text

    text = read_text(Path(args.file), MAX_TEXT_BYTES)
    loaded = bitsim.load_network(args.network, args.seed, args.head)
    network = with_context(loaded, args.context, streams.note)
    ids = text_ids(network, text)
    if ids:
        tell_head(network, [network.spec.bos_id, *ids], streams.note)
    with Progress("token") as progress:
        result = perplexity(network, ids, args.context, args.stride, progress)
    if args.json:
        output.print_json(asdict(result))
    else:
        print(
            f"perplexity {result.perplexity:.6g}: {result.tokens} tokens, {result.nll:.6g} nats "
            f"each; {result.windows} windows of {result.context}, {result.stride} apart"
        )
    return 0
