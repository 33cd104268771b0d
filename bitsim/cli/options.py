"""Options that several commands share."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bitsim.errors import BitsimError

if TYPE_CHECKING:
    from bitsim.reference.text.chat import Message

LARGEST_COUNT = 1 << 20


def count(text: str) -> int:
    """argparse type: a whole number from 1 on."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= LARGEST_COUNT:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} must be a whole number from 1 to {LARGEST_COUNT}"
        )
    return number


def seed(text: str) -> int:
    """argparse type: a seed, 0 to 2**63 - 1."""
    if not text.isdecimal() or int(text[:20]) >= 1 << 63:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} must be a whole number below 2**63")
    return int(text)


def token_ids(text: str) -> list[int]:
    """argparse type: "1,2,3"."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} must be token ids such as 1,2,3")
    return [int(part[:12]) for part in parts]


def add_machine(parser: argparse.ArgumentParser) -> None:
    """--accelerator and --technology."""
    from bitsim.spec.defaults import ACCELERATOR

    parser.add_argument(
        "--accelerator",
        default=ACCELERATOR,
        metavar="NAME",
        help="name or TOML file of the machine (default: %(default)s)",
    )
    parser.add_argument(
        "--technology",
        metavar="NAME",
        help="name or TOML file of the technology (default: the accelerator's own)",
    )


def add_network(parser: argparse.ArgumentParser) -> None:
    """--network and --seed."""
    from bitsim.spec.defaults import NETWORK

    parser.add_argument(
        "--network",
        default=NETWORK,
        metavar="NAME",
        help="name, TOML shape, checkpoint folder with config.json, or .gguf file "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=seed,
        default=0,
        help="for synthetic weights and for sampling (default: %(default)s)",
    )


def add_head(parser: argparse.ArgumentParser) -> None:
    """--head."""
    parser.add_argument(
        "--head",
        choices=("own", "int8"),
        default="own",
        help="output head: the network's own, or a copy in int8, half of bf16's bytes; what that "
        "changes is measured and said (default: %(default)s)",
    )


def add_context(parser: argparse.ArgumentParser) -> None:
    """--context, the most tokens that the network is given."""
    parser.add_argument(
        "--context",
        type=count,
        metavar="N",
        help="most tokens, prompt and answer together (default: what the network was trained for)",
    )


def add_prompt(parser: argparse.ArgumentParser) -> None:
    """--prompt or --chat with --system, and --context."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--prompt", help="text to continue (a network without tokenizer: bytes)")
    what.add_argument(
        "--chat", metavar="TEXT", help="what a user says; the network answers (2B4T's chat form)"
    )
    parser.add_argument("--system", metavar="TEXT", help="with --chat: said by the system first")
    add_context(parser)


def prompt(args: argparse.Namespace) -> str | tuple[Message, ...] | None:
    """What `add_prompt` was given; None: nothing."""
    from bitsim.reference.text.chat import Message

    if args.chat is None:
        if args.system is not None:
            raise BitsimError("--system: needs --chat, which says what the user asks; add it")
        return args.prompt
    system = () if args.system is None else (Message("system", args.system),)
    return (*system, Message("user", args.chat))


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON document on stdout, nothing else there"
    )
