"""What a machine does for one walk through a network, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bitsim.errors import BitsimError
from bitsim.program import beats, work
from bitsim.spec.accelerator import AcceleratorSpec, Work
from bitsim.spec.array.array import MAX_TILES
from bitsim.spec.counts import WorkCounts
from bitsim.spec.digits import INT8_DIGITS
from bitsim.spec.network import NetworkSpec, Product
from bitsim.spec.phase import Phase
from bitsim.units import ceil_div

Stage = Literal["prefill", "decode"]


@dataclass(frozen=True)
class Pass:
    """One walk through the network: `m` tokens, the same number for each of `sequences`.

    `context`: tokens of each sequence that are already in the KV cache.
    """

    m: int
    context: int
    sequences: int = 1

    @property
    def tokens(self) -> int:
        """New tokens of each sequence."""
        return self.m // self.sequences

    @property
    def stage(self) -> Stage:
        """`decode`: one new token after others; `prefill`: anything else."""
        return "decode" if self.tokens == 1 and self.context > 0 else "prefill"

    def check(self, network: NetworkSpec) -> None:
        """`BitsimError` if the network has no place for so many tokens."""
        if self.m < 1 or self.sequences < 1 or self.m % self.sequences or self.context < 0:
            raise BitsimError(
                f"a pass of {self.m} tokens for {self.sequences} sequences after {self.context}: "
                f"give each sequence the same number of tokens, 1 or more, and a context of 0 or "
                f"more"
            )
        if self.context + self.tokens > network.max_context:
            raise BitsimError(
                f"context = {self.context} and {self.tokens} more tokens: {network.name} takes "
                f"max_context = {network.max_context}; shorten one of them"
            )


@dataclass(frozen=True)
class WorkStep:
    """A piece of work of a unit beside the array."""

    name: str
    work: Work
    counts: WorkCounts


@dataclass(frozen=True)
class PhaseStep:
    """A ternary product in the array.

    digits  ternary digits of a row of the head (`bitsim.spec.digits`); None: a layer's product
    """

    phase: Phase
    digits: int | None = None


@dataclass(frozen=True)
class HeadPart:
    """Rows `first` to `end` of the head, which the array scores in one phase."""

    name: str
    first: int
    end: int


Step = WorkStep | PhaseStep


def phases(network: NetworkSpec, m: int) -> Iterator[Phase]:
    """The ternary products of the layers in a pass, in order."""
    for layer in range(network.layers):
        for product in network.products(layer):
            yield product.phase(m)


def head_parts(
    accelerator: AcceleratorSpec, network: NetworkSpec, digits: int
) -> tuple[HeadPart, ...]:
    """The head in as few phases as the array's 16-bit count of row tiles allows."""
    most = MAX_TILES // digits * accelerator.array.rows
    firsts = range(0, network.vocab_size, most)
    return tuple(
        HeadPart(
            name="head" if len(firsts) == 1 else f"part.{index}.head",
            first=first,
            end=min(first + most, network.vocab_size),
        )
        for index, first in enumerate(firsts)
    )


def head_phases(
    accelerator: AcceleratorSpec, network: NetworkSpec, rows: int, digits: int
) -> list[Phase]:
    """The products of a head in the array, for `rows` hidden states; none if a unit scores it."""
    if not accelerator.head_in_array:
        return []
    rows_at_a_time = accelerator.array.rows
    return [
        Phase(
            name=part.name,
            n=digits * ceil_div(part.end - part.first, rows_at_a_time) * rows_at_a_time,
            k=network.hidden_size,
            m=rows,
        )
        for part in head_parts(accelerator, network, digits)
    ]


def program(
    accelerator: AcceleratorSpec,
    network: NetworkSpec,
    this: Pass,
    head_digits: int = INT8_DIGITS,
) -> Iterator[Step]:
    """Every step of one pass; each begins when the one before has ended, its data in DRAM.

    The last norm and the head see the last token of each sequence alone.

    head_digits  ternary digits of a row, if the array scores the head
    """
    m, hidden = this.m, network.hidden_size

    def into(product: Product, name: str, width: int) -> Iterator[Step]:
        """Norm, quantise, and the product itself."""
        phase = product.phase(m)
        activation_bytes = beats.activations(accelerator, phase).total_bytes
        yield WorkStep(f"{name}_norm", "norm", work.norm(m, width))
        yield WorkStep(f"{name}_quantize", "quantize", work.quantize(m, width, activation_bytes))
        yield PhaseStep(phase)

    yield WorkStep("embedding", "embedding", work.embedding(network, m))
    for layer in range(network.layers):
        qkv, o, gate_up, down = network.products(layer)
        path = f"layers.{layer}"
        yield from into(qkv, f"{path}.input", hidden)
        yield WorkStep(f"{path}.rope", "rope", work.rope(network, m))
        yield WorkStep(
            f"{path}.attention",
            "attention",
            work.attention(network, this.sequences, this.tokens, this.context),
        )
        yield from into(o, f"{path}.attention", hidden)
        yield WorkStep(f"{path}.attention_residual", "residual", work.residual(network, m))
        yield from into(gate_up, f"{path}.ffn_input", hidden)
        yield WorkStep(f"{path}.activation", "activation", work.activation(network, m))
        yield from into(down, f"{path}.ffn", network.intermediate_size)
        yield WorkStep(f"{path}.ffn_residual", "residual", work.residual(network, m))
    yield WorkStep("final_norm", "norm", work.norm(this.sequences, hidden))
    if not accelerator.head_in_array:
        yield WorkStep("head", "head", work.head(network, this.sequences))
        return
    scored = head_phases(accelerator, network, this.sequences, head_digits)
    activation_bytes = beats.activations(accelerator, scored[0]).total_bytes
    counts = work.quantize(this.sequences, hidden, activation_bytes)
    yield WorkStep("head_quantize", "quantize", counts)
    for phase in scored:
        yield PhaseStep(phase, head_digits)
    left = 1 if accelerator.adds_digits(head_digits) else head_digits
    sums_bytes = sum(beats.results(accelerator, phase, head_digits).total_bytes for phase in scored)
    counts = work.head_scores(network, this.sequences, left, sums_bytes)
    yield WorkStep("head_scores", "head", counts)
