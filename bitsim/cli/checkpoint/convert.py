"""`bitsim checkpoint convert`: between packed safetensors, GGUF I2_S and GGUF TQ2_0."""

from __future__ import annotations

import argparse
from pathlib import Path

from bitsim.cli import options, output, streams


def add_action(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the action."""
    convert = actions.add_parser(
        "convert", help="the same weights in another form", description=__doc__
    )
    convert.add_argument(
        "source", help="name, folder with config.json and safetensors, or .gguf file"
    )
    convert.add_argument(
        "--to", required=True, choices=["safetensors", "i2_s", "tq2_0"], help="form of the result"
    )
    convert.add_argument(
        "--out",
        required=True,
        metavar="PATH",
        help="a folder, or of i2_s and tq2_0 a .gguf file, that is not there yet",
    )
    convert.add_argument(
        "--embedding",
        choices=["exact", "f16"],
        default="exact",
        help="of a .gguf file: in the source's own form, or rounded to F16 as the published file "
        "of bitnet.cpp has it (default: %(default)s)",
    )
    options.add_json(convert)
    convert.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Say how much is written, write it, read it again and compare."""
    from bitsim.cli.progress import Progress
    from bitsim.errors import BitsimError
    from bitsim.reference.checkpoints.conversion import compare, plan_conversion, write_conversion

    f16 = args.embedding == "f16"
    if f16 and args.to == "safetensors":
        raise BitsimError("--embedding f16: is of GGUF files; leave it out, or choose --to i2_s")
    with Progress("reading layer") as progress:
        plan = plan_conversion(args.source, args.to, Path(args.out), f16, progress)
    for note in plan.notes:
        streams.note(f"{args.out}: {note}")
    total_bytes = plan.plan.total_bytes
    streams.note(f"{args.out}: {total_bytes} bytes will be written; the disk has them free")
    with Progress("writing byte") as progress:
        write_conversion(plan, progress)
    with Progress("comparing layer") as progress:
        compared = compare(plan, progress)
    tensors = len(plan.plan.promised)
    if args.json:
        table = {
            "out": args.out,
            "form": args.to,
            "tensors": tensors,
            "bytes": total_bytes,
            "matrices_compared": compared,
            "matrices_equal": compared,  # a difference ends the command with status 1
            "embedding_values_rounded": plan.rounded,
            "notes": list(plan.notes),
        }
        output.print_json(table)
    else:
        print(f"{args.out}: {tensors} tensors, {total_bytes} bytes")
        print(f"{compared} matrices compared, all equal")
    return 0
