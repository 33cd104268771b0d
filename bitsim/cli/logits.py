"""`bitsim logits`: logits of given token ids, from the reference, to a safetensors file.

Several --ids are sequences of one batch: each weight is read once for all, and every sequence gets
the logits that it gets alone, bit for bit, as `logits.0`, `logits.1`, ...

With --record also the input and output (f32) of every ternary layer under its Hugging Face module
name, as `model.layers.0.self_attn.q_proj:in` and `...:out`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bitsim.cli import options, output, streams


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser("logits", help="logits of token ids", description=__doc__)
    options.add_network(parser)
    options.add_head(parser)
    parser.add_argument(
        "--ids",
        type=options.token_ids,
        action="append",
        required=True,
        help="such as 1,2,3; again for each further sequence of a batch",
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="`logits` (tokens, vocab) f32")
    parser.add_argument("--record", metavar="FILE", help="inputs and outputs of ternary layers")
    options.add_context(parser)
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Load, compute, write."""
    import numpy as np

    import bitsim
    from bitsim.files.tensorfile import write_tensors
    from bitsim.files.together import together
    from bitsim.reference.generation.context import with_context
    from bitsim.reference.network.head import tell_head

    loaded = bitsim.load_network(args.network, args.seed, args.head)
    network = with_context(loaded, args.context, streams.note)
    tell_head(network, args.ids[0], streams.note)
    recorded: dict[str, np.ndarray] = {}

    def observe(module: str, inputs: np.ndarray, outputs: np.ndarray) -> None:
        recorded[f"{module}:in"] = inputs.copy()
        recorded[f"{module}:out"] = outputs.copy()

    logits = network.forward_batch(
        [np.array(ids, np.int64) for ids in args.ids],
        [network.empty_cache(len(ids)) for ids in args.ids],
        all_logits=True,
        observer=observe if args.record else None,
    )
    alone = len(logits) == 1
    names = ["logits"] if alone else [f"logits.{place}" for place in range(len(logits))]
    with together() as files:
        tensors = dict(zip(names, logits, strict=True))
        write_tensors(files.place(Path(args.out)), tensors, {"format": "pt"})
        if args.record:
            write_tensors(files.place(Path(args.record)), recorded, {"format": "pt"})
    shapes = [list(each.shape) for each in logits]
    likeliest = [each.argmax(axis=1).tolist() for each in logits]
    if args.json:
        table = {"shape": shapes, "argmax": likeliest}
        output.print_json({key: of[0] for key, of in table.items()} if alone else table)
        return 0
    for name, shape, best in zip(names, shapes, likeliest, strict=True):
        print(f"{args.out}: {name} {shape}, argmax {best}")
    return 0
