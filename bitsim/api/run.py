"""Tokens of a network, every ternary product computed in the simulated array."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bitsim import arguments
from bitsim.callbacks import Progress, Say
from bitsim.errors import shown
from bitsim.reference.checkpoints.load import Head
from bitsim.reference.network.network import Network
from bitsim.report.generation import bit_exact
from bitsim.runs.generation import Generated, prepare
from bitsim.runs.prompt import Prompt
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.catalog import Named
from bitsim.spec.defaults import ACCELERATOR, NETWORK
from bitsim.spec.network import NetworkSpec
from bitsim.spec.technology import TechnologySpec
from bitsim.system import RunResult

if TYPE_CHECKING:
    from pandas import DataFrame

HOTTEST = 100.0


@dataclass(frozen=True, repr=False)
class Run:
    """The tokens, whether they are the reference's, and what they cost.

    generated  prompt, text, token ids; how many sums were compared and how many differ
    result     cycles, records, energy, area
    """

    generated: Generated
    result: RunResult

    @property
    def text(self) -> str:
        """What follows the prompt."""
        return self.generated.text

    @property
    def bit_exact(self) -> bool:
        """Every sum of the array was the reference's."""
        return bool(bit_exact(self.generated))

    def frame(self, resource: str | None = None) -> DataFrame:
        """See `RunResult.frame`."""
        return self.result.frame(resource)

    def __repr__(self) -> str:
        said, result = self.generated, self.result
        exact = f"{said.mismatches} of {said.sums_compared:,} sums differ"
        return f"<Run: {shown(said.prompt + said.text)}, {exact}; {result!r}>"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self)[1:-1])}</p>"


def run(
    prompt: Prompt = None,
    *,
    accelerator: Named | AcceleratorSpec = ACCELERATOR,
    network: Named | NetworkSpec | Network = NETWORK,
    technology: Named | TechnologySpec | None = None,
    tokens: int = 8,
    temperature: float = 0.0,
    seed: int = 0,
    context: int | None = None,
    head: Head = "own",
    say: Say | None = None,
    on_text: Callable[[str], None] | None = None,
    progress: Progress | None = None,
) -> Run:
    """Generate tokens in the simulated array, and compare every sum with the reference.

    prompt       text to continue, or a tuple of chat messages; None takes a short one
    accelerator  name, path or object
    network      name, path or object; a shape gets synthetic weights
    technology   what prices it; None takes the accelerator's own
    tokens       at most so many
    temperature  0 takes the most probable token; above 0 samples
    seed         for synthetic weights and for sampling
    context      most tokens, prompt and answer together; None takes what the network was trained
                 for
    head         "own", or "int8" for a copy of the output head in int8
    say          called with what a person wants to know before and during a long run
    on_text      called with the prompt, then with each piece of text as it comes
    progress     called with how many products of at most how many are done
    """
    notes = say or arguments.unsaid
    pieces = on_text or arguments.unsaid
    session = prepare(
        accelerator,
        network,
        technology,
        seed=arguments.seed(seed),
        temperature=arguments.real("temperature", temperature, 0, HOTTEST),
        prompt=prompt,
        max_tokens=arguments.whole("tokens", tokens),
        say=notes,
        context=None if context is None else arguments.whole("context", context),
        head=head,
    )
    pieces(session.prompt)
    return Run(*session.run(pieces, progress))
