"""Tokens generated in the simulated array, every sum compared with the reference."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bitsim.array import make_array
from bitsim.array.protocol import NEVER, STREAMS
from bitsim.callbacks import Progress, Say
from bitsim.program.program import head_phases, phases
from bitsim.reference.checkpoints.load import Head, load_network, load_shape, needed_bytes
from bitsim.reference.generation.context import with_context
from bitsim.reference.generation.generate import generate
from bitsim.reference.generation.sampling import Sampler, TopKSampler, greedy
from bitsim.reference.kernels.product.product import exact_product
from bitsim.reference.memory import require_memory
from bitsim.reference.network.head import tell_head
from bitsim.reference.network.network import Network
from bitsim.reference.tables import Int8Table
from bitsim.runs.array_head import ArrayHead, HeadDigits, head_bytes
from bitsim.runs.prompt import Prompt, require_cache, tokens_of
from bitsim.spec import catalog
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.array.array import ArraySpec
from bitsim.spec.catalog import Named
from bitsim.spec.digits import INT8_DIGITS
from bitsim.spec.network import NetworkSpec
from bitsim.spec.phase import Phase
from bitsim.spec.technology import TechnologySpec
from bitsim.spec.ternary import ZERO_BYTE, TernaryMatrix
from bitsim.system import Machine, RunResult
from bitsim.trace.event import Event
from bitsim.units import ceil_div

LARGE_WEIGHTS = 100_000_000  # above, a run takes long enough to be announced
CALIBRATION_TILES = 128  # row tiles: some milliseconds
PROGRAM_BYTES = 400_000_000  # measured: interpreter, numba and its compiled loops, resident


@dataclass(frozen=True)
class Generated:
    """What came out, and whether it is what the reference says."""

    prompt: str
    text: str
    prompt_ids: tuple[int, ...]
    token_ids: tuple[int, ...]
    synthetic: bool
    sums_compared: int
    mismatches: int
    first_mismatch: str  # name of the product, "" if none


@dataclass(frozen=True)
class Session:
    """Everything loaded and checked; `run` does the work."""

    accelerator: AcceleratorSpec
    technology: TechnologySpec
    network: Network
    sampler: Sampler
    prompt: str
    prompt_ids: tuple[int, ...]
    max_tokens: int

    def run(
        self,
        on_piece: Callable[[str], None],
        progress: Progress | None = None,
    ) -> tuple[Generated, RunResult]:
        """Generate; `on_piece` gets the text as it grows.

        `progress` gets two numbers: the products that are done, and how many there are at most.
        Each token has 4 products for each layer.
        """
        most = (len(self.prompt_ids) + self.max_tokens - 1) * 4 * self.network.spec.layers
        comparison = Comparison.of(
            self.accelerator, self.network, lambda done: progress and progress(done, most)
        )
        stream = self.network.tokenizer.stream()
        token_ids = generate(
            comparison.network(self.network),
            self.prompt_ids,
            self.max_tokens,
            self.sampler,
            comparison.product,
            lambda token_id: on_piece(stream.push(token_id)),
        )
        on_piece(stream.finish())
        comparison.finish()
        generated = Generated(
            prompt=self.prompt,
            text=self.network.tokenizer.decode(token_ids),
            prompt_ids=self.prompt_ids,
            token_ids=tuple(token_ids),
            synthetic=self.network.synthetic,
            sums_compared=comparison.sums,
            mismatches=comparison.mismatches,
            first_mismatch=comparison.first,
        )
        return generated, comparison.machine.result(self.technology)


class Comparison:
    """A product function that runs the machine and holds each sum against the exact one.

    head  if the machine's array scores the head: replaces the head in `network`
    """

    def __init__(
        self,
        machine: Machine,
        on_products: Callable[[int], object] = lambda done: None,
        head: HeadDigits | None = None,
    ) -> None:
        self.machine = machine
        self._head = head
        self.products = 0  # once for each token
        self._on_products = on_products
        self.sums = 0
        self.mismatches = 0
        self.first = ""
        self._pass_index = -1
        self._context = 0

    @staticmethod
    def of(
        accelerator: AcceleratorSpec,
        network: Network,
        on_products: Callable[[int], object] = lambda done: None,
    ) -> Comparison:
        """With a machine of its own; a head in the array takes a network with an int8 head."""
        if not accelerator.head_in_array:
            return Comparison(Machine(accelerator, network.spec, values=True), on_products)
        assert isinstance(network.head, Int8Table), network.head.form
        head = HeadDigits.of(accelerator, network.spec, network.head)
        machine = Machine(accelerator, network.spec, values=True, head_digits=head.digits)
        return Comparison(machine, on_products, head)

    def network(self, network: Network) -> Network:
        """The network whose products this computes, with the array's head if it scores one."""
        if self._head is None:
            return network
        return replace(network, head=ArrayHead(self._head.table, self.head))

    def head(self, activations: NDArray[np.int8]) -> NDArray[np.int32]:
        """(m, hidden) int8 to (m, vocab) int32: the array's sums of the digits, added up."""
        head = self._head
        assert head is not None
        scales = np.ones(len(activations), np.float32)  # the array's sums do not depend on them
        sums = np.empty((len(activations), head.table.vocab), np.int32)
        for part, matrix in zip(head.parts, head.matrices, strict=True):
            event = Event(self._pass_index, part.name, activations, scales, (matrix,))
            sums[:, part.first : part.end] = head.joined(part, self.machine.product(event))
        self._hold(sums, head.table.sums(activations), "head")
        return sums

    def product(self, event: Event) -> NDArray[np.int32]:
        """(m, n) int32 sums of the simulated array; see `reference.kernels.product`."""
        if event.pass_index != self._pass_index:
            self.finish()
            m = event.activations.shape[0]
            self.machine.start_pass(m, self._context)
            self._pass_index = event.pass_index
            self._context += m
        sums = self.machine.product(event)
        self._hold(sums, exact_product(event), event.name)
        self.products += len(sums)
        self._on_products(self.products)
        return sums

    def _hold(self, sums: NDArray[np.int32], exact: NDArray[np.int32], name: str) -> None:
        wrong = int(np.count_nonzero(sums != exact))
        if wrong and not self.mismatches:
            self.first = f"pass {self._pass_index}, {name}"
        self.sums += sums.size
        self.mismatches += wrong

    def finish(self) -> None:
        """Let the units finish the pass that is under way, if one is."""
        if self._pass_index >= 0:
            self.machine.finish_pass()


def prepare(
    accelerator: Named | AcceleratorSpec,
    network: Named | NetworkSpec | Network,
    technology: Named | TechnologySpec | None,
    seed: int,
    temperature: float,
    prompt: Prompt,
    max_tokens: int,
    say: Say,
    context: int | None = None,
    head: Head = "own",
) -> Session:
    """Load and check everything; `say` gets what a person wants to know before it starts.

    context  most tokens in all; None: what the network was trained for
    head     see `load_network`; if the array scores it, it is in int8
    """
    machine = catalog.load_accelerator(accelerator)
    if machine.head_in_array and head != "int8":
        say(f"{machine.name}: its array scores the head, so that is in int8, as with --head int8")
        head = "int8"
    prices = catalog.load_technology(machine.technology if technology is None else technology)
    spec = load_shape(network)
    for phase in (*phases(spec, 1), *head_phases(machine, spec, 1, INT8_DIGITS)):
        machine.array.tiling(phase)
    network_bytes = needed_bytes(network, head) + head_bytes(machine, spec)
    resident = resident_bytes(machine, spec, network_bytes)
    require_memory(resident, f"{spec.name} on {machine.name}")
    if spec.ternary_weights > LARGE_WEIGHTS:
        say(f"{spec.name}: about {resident / 2**30:.1f} GiB of memory")
    require_cache(spec, max_tokens, context)
    loaded = with_context(load_network(network, seed, head), context, say)
    if loaded.synthetic:
        say(
            f"{spec.name}: no checkpoint is given, so the weights are synthetic (seed {seed}): "
            f"times and counts are those of the true dimensions, the text means nothing; it has "
            f"no tokenizer, the prompt is taken as bytes"
        )
    text, prompt_ids = tokens_of(loaded, prompt, max_tokens)
    tell_head(loaded, prompt_ids, say)
    if spec.ternary_weights > LARGE_WEIGHTS:
        expected_s = seconds_per_token(machine, spec)
        tokens = len(prompt_ids) + max_tokens - 1
        say(
            f"about {expected_s:.0f} s for each of {tokens} tokens "
            f"({len(prompt_ids)} of the prompt): {tokens * expected_s / 60:.1f} min in all"
        )
    sampler = TopKSampler(temperature, seed=seed) if temperature else greedy
    return Session(machine, prices, loaded, sampler, text, tuple(prompt_ids), max_tokens)


def resident_bytes(machine: AcceleratorSpec, spec: NetworkSpec, network_bytes: int) -> int:
    """Peak resident memory of a run: the network, its weight images, and the program itself."""
    array = machine.array
    images = 0
    for product in spec.products(0):
        tiles, beats = ceil_div(product.n, array.rows), ceil_div(product.k, array.depth)
        images += tiles * beats * array.weight_beat_bytes
    return network_bytes + spec.layers * images + PROGRAM_BYTES


def seconds_per_token(machine: AcceleratorSpec, spec: NetworkSpec) -> float:
    """Wall time of a token's ternary products, in the array and in the reference.

    From one phase that is timed here and now; norms, attention and a head that is not in the array
    come on top.
    """
    n, k = CALIBRATION_TILES * machine.array.rows, min(spec.hidden_size, machine.array.longest_k)
    packed = np.full((n, ceil_div(k, 4)), 0x64, np.uint8)  # weights -1, 0, +1, 0
    packed[:, -1] = ZERO_BYTE
    matrix = TernaryMatrix("calibration", n, k, packed, 1.0)
    activations = np.ones((1, k), np.int8)
    event = Event(0, "calibration", activations, np.ones(1, np.float32), (matrix,))
    image = make_array(machine.array, values=True).image([matrix])
    rounds = range(3)  # the first may compile
    phase = event.phase
    array_s = min(_timed(lambda: _run(machine.array, phase, image, activations)) for _ in rounds)
    reference_s = min(_timed(lambda: exact_product(event)) for _ in rounds)
    head = sum(each.products for each in head_phases(machine, spec, 1, INT8_DIGITS))
    total_s = array_s * (spec.ternary_weights + head) + reference_s * spec.ternary_weights
    return total_s / phase.products


def _timed(work: Callable[[], object]) -> float:
    """Wall seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _run(
    spec: ArraySpec, phase: Phase, image: NDArray[np.uint8], activations: NDArray[np.int8]
) -> None:
    """One phase that nothing stalls."""
    tiling = spec.tiling(phase)
    array = make_array(spec, values=True)
    array.begin(phase, 0, image, activations)
    array.offer_weights(np.zeros(tiling.weight_beats, np.int64))
    array.offer_activations(np.zeros(tiling.activation_beats, np.int64))
    array.take_results(np.zeros(tiling.result_beats, np.int64))
    for stream in STREAMS:
        array.silence(stream, NEVER)
    assert array.advance().needs is None
