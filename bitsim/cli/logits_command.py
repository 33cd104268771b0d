"""`bitsim logits`: logits of given token ids, from the reference, to a safetensors file.

With --record also the input and output (f32) of every ternary layer under its Hugging Face module
name, as `model.layers.0.self_attn.q_proj:in` and `...:out`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bitsim.cli import options


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser("logits", help="logits of token ids", description=__doc__)
    options.add_network(parser)
    options.add_head(parser)
    parser.add_argument("--ids", type=options.token_ids, required=True, help="such as 1,2,3")
    parser.add_argument("--out", required=True, metavar="FILE", help="`logits` (tokens, vocab) f32")
    parser.add_argument("--record", metavar="FILE", help="inputs and outputs of ternary layers")
    options.add_context(parser)
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Load, compute, write."""
    import numpy as np

    import bitsim
    from bitsim.reference.context import with_context
    from bitsim.reference.head import tell_head
    from bitsim.trace.tensorfile import write_tensors

    loaded = bitsim.load_network(args.network, args.seed, args.head)
    network = with_context(loaded, args.context, options.note)
    tell_head(network, args.ids, options.note)
    ids = np.array(args.ids, np.int64)
    recorded: dict[str, np.ndarray] = {}

    def observe(module: str, inputs: np.ndarray, outputs: np.ndarray) -> None:
        recorded[f"{module}:in"] = inputs.copy()
        recorded[f"{module}:out"] = outputs.copy()

    logits = network.forward(
        ids,
        network.empty_cache(len(ids)),
        all_logits=True,
        observer=observe if args.record else None,
    )
    write_tensors(Path(args.out), {"logits": logits}, {"format": "pt"})
    if args.record:
        write_tensors(Path(args.record), recorded, {"format": "pt"})
    table = {"shape": list(logits.shape), "argmax": logits.argmax(axis=1).tolist()}
    if args.json:
        options.print_json(table)
    else:
        print(f"{args.out}: logits {table['shape']}, argmax {table['argmax']}")
    return 0
