"""Recordings of what a network's reference multiplies."""

from __future__ import annotations

from pathlib import Path

from bitsim import arguments
from bitsim.callbacks import Say
from bitsim.reference.checkpoints.load import Head
from bitsim.reference.network.network import Network
from bitsim.runs import recording
from bitsim.runs.prompt import Prompt
from bitsim.spec.catalog import Named
from bitsim.spec.defaults import NETWORK
from bitsim.spec.network import NetworkSpec
from bitsim.trace import Trace, load_trace


def record(
    path: str | Path,
    prompt: Prompt = None,
    *,
    network: Named | NetworkSpec | Network = NETWORK,
    tokens: int = 2,
    seed: int = 0,
    context: int | None = None,
    head: Head = "own",
    command: str = "bitsim.record",
    say: Say | None = None,
) -> Trace:
    """Generate with the reference and write every ternary product to a new trace.

    path     the trace, a new folder
    prompt   text to continue, or a tuple of chat messages; None takes a short one
    network  name, path or object; a shape gets synthetic weights
    tokens   at most so many
    seed     for synthetic weights
    context  most tokens, prompt and answer together; None takes what the network was trained for
    head     "own", or "int8" for a copy of the output head in int8
    command  how the trace was made, for who reads it
    say      called with what a person wants to know, the generated text too
    """
    folder = arguments.path("path", path, "the path of a new folder")
    recording.record(
        network,
        prompt,
        arguments.whole("tokens", tokens),
        arguments.seed(seed),
        folder,
        command=command,
        say=say or arguments.unsaid,
        context=None if context is None else arguments.whole("context", context),
        head=head,
    )
    return load_trace(folder)
