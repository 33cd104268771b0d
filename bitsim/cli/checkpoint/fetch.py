"""`bitsim checkpoint fetch`: a published checkpoint, from the Hugging Face Hub."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from bitsim.cli import options, output, streams


def add_action(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the action."""
    parser = actions.add_parser(
        "fetch", help="a published checkpoint, every byte verified", description=__doc__
    )
    parser.add_argument(
        "checkpoint", help="name (`bitsim list checkpoints`), owner/name of its repository, or TOML"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="a folder not there yet")
    parser.add_argument(
        "--revision",
        type=commit,
        metavar="COMMIT",
        help="40 hex digits (default: the pinned commit); its files are verified as the Hub lists "
        "them",
    )
    options.add_json(parser)
    parser.set_defaults(run=run)


def commit(text: str) -> str:
    """argparse type: a whole commit id, in small letters."""
    from bitsim.spec.checkpoint_source import REVISION

    if not REVISION.fullmatch(text.lower()):
        raise argparse.ArgumentTypeError(
            f"{text[:60]!r} must be a whole commit id, 40 hex digits; a branch can move"
        )
    return text.lower()


def run(args: argparse.Namespace) -> int:
    """Say what will be fetched, fetch it, and print the digests in the form of sha256sum."""
    from bitsim.cli.ending import stopped
    from bitsim.cli.progress import Progress
    from bitsim.errors import BitsimError
    from bitsim.reference.checkpoints.hub.fetch import fetch, plan_fetch
    from bitsim.spec import catalog

    source = catalog.load_checkpoint_source(args.checkpoint)
    plan = plan_fetch(source, args.revision, Path(args.out))
    streams.note(
        f"{source.repo} at {plan.revision}: {len(plan.files)} files, {plan.total_bytes} bytes, of "
        f"which {plan.held_bytes} are here; the disk has the rest free"
    )
    try:
        with Progress("byte") as progress:
            fetched = fetch(plan, progress)
    except (BitsimError, KeyboardInterrupt) as error:
        if plan.held_bytes:
            streams.note(
                f"{plan.partial}: keeps {plan.held_bytes} of {plan.total_bytes} bytes; the same "
                f"command goes on from there"
            )
            if isinstance(error, KeyboardInterrupt):
                return stopped(error)
        raise
    if args.json:
        files = {each.name: dataclasses.asdict(each) for each in fetched}
        table = {"folder": args.out, "repo": source.repo, "revision": plan.revision}
        output.print_json(table | {"bytes": plan.total_bytes, "files": files})
        return 0
    for each in fetched:
        print(f"{each.sha256}  {each.name}")
        streams.note(f"{each.name}: {each.size_bytes} bytes, verified against {each.verified}")
    streams.note(f"{args.out}: {len(fetched)} files, {plan.total_bytes} bytes, and fetched.toml")
    return 0
