"""`bitsim rtl check --network`: tokens of a network with every ternary product in the Verilog.

Norms, attention, head and sampling are computed by the reference, as a host would. They take the
sums that the Verilog gave.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.agreement.tally import Tally
from bitsim.agreement.tokens.journal import Finished, TokenJournal
from bitsim.agreement.tokens.phase import PhaseRunner
from bitsim.callbacks import Progress, Say
from bitsim.digest import code_digest
from bitsim.errors import BitsimError, shown_path
from bitsim.reference.checkpoints.load import (
    load_network,
    load_shape,
    needed_bytes,
    weights_digest,
)
from bitsim.reference.generation.generate import context_needed, generate
from bitsim.reference.generation.sampling import greedy
from bitsim.reference.kernels.product.product import exact_product
from bitsim.reference.memory import require_memory
from bitsim.reference.network.network import Network
from bitsim.runs.prompt import require_cache, tokens_of
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.link.axi4 import BusLayout
from bitsim.spec.network import NetworkSpec
from bitsim.spec.phase import Phase
from bitsim.trace.event import Event
from bitsim.trace.world import ReadWorld, World, WriteWorld, constant
from bitsim.verilated.lists.process import build_top_process

MOST_DIFFERENCES = 20  # that are spelt out


@dataclass(frozen=True)
class TokenResult:
    """What was compared, and in what time.

    resumed_layers     layers, counted over all passes like `layers`, that an earlier call finished
    seconds            wall time of this call, without building the simulator
    processor_seconds  of this call and the simulator, on all cores
    """

    network: str
    accelerator: str
    latency_cycles: int
    prompt_ids: tuple[int, ...]
    token_ids: tuple[int, ...]
    layers: int
    resumed_layers: int
    tally: Tally
    seconds: float
    processor_seconds: float

    @property
    def agrees(self) -> bool:
        """Nothing differed."""
        return self.tally.agrees

    def table(self) -> dict[str, Any]:
        """For `--json`."""
        each = self.tally
        return {
            "network": self.network,
            "accelerator": self.accelerator,
            "latency_cycles": self.latency_cycles,
            "agrees": self.agrees,
            "prompt_ids": list(self.prompt_ids),
            "token_ids": list(self.token_ids),
            "layers": self.layers,
            "resumed_layers": self.resumed_layers,
            "phases": each.phases,
            "products": each.products,
            "values": each.values,
            "cycles": each.cycles,
            "value_mismatches": each.value_mismatches,
            "cycle_mismatches": each.cycle_mismatches,
            "counter_mismatches": each.counter_mismatches,
            "bus_faults": each.rule_faults,
            "differences": each.differences[:MOST_DIFFERENCES],
            "seconds": self.seconds,
            "processor_seconds": self.processor_seconds,
        }

    def text(self) -> str:
        """For a terminal."""
        each, resumed = self.tally, self.resumed_layers
        lines = [
            f"{self.network} on {self.accelerator}: {len(self.token_ids)} tokens, {each.phases} "
            f"phases, {each.products} products, {each.values} sums, {each.cycles} cycles",
            f"  sums that differ       {each.value_mismatches}",
            f"  cycles that differ     {each.cycle_mismatches}",
            f"  counters that differ   {each.counter_mismatches}",
            f"  broken rules of AXI4   {each.rule_faults}",
            f"  {self.seconds:.1f} s, {self.processor_seconds:.1f} s of processor time"
            + (f"; {resumed} of {self.layers} layers by an earlier call" if resumed else ""),
        ]
        lines += [f"  {line}" for line in each.differences[:MOST_DIFFERENCES]]
        if len(each.differences) > MOST_DIFFERENCES:
            lines.append(f"  and {len(each.differences) - MOST_DIFFERENCES} more")
        lines.append("agree: " + ("yes" if self.agrees else "NO"))
        return "\n".join(lines)


def check_tokens(
    accelerator: AcceleratorSpec,
    network: str,
    prompt: str | None,
    tokens: int,
    seed: int,
    latency_cycles: int,
    work: Path,
    say: Say,
    begin_progress: Callable[[], Progress] = lambda: lambda done, of: None,
) -> TokenResult:
    """Generate greedily, every ternary product in the Verilog of the accelerator.

    prompt          None: the network's first token alone
    latency_cycles  of every read and every response, at least 1
    work            keeps the built simulator, and the finished layers until all are
    begin_progress  called when the first layer begins
    """
    layout = _layout(accelerator)
    spec = load_shape(network)
    _require_phases(accelerator, layout, spec, 1)
    require_memory(needed_bytes(network), spec.name)
    require_cache(spec, tokens, None)
    first_ids = [spec.bos_id]
    context_needed(spec, first_ids, tokens)
    say(f"rtl check: building {accelerator.name} under Verilator, unless it is in {work}")
    program = build_top_process(layout.array, layout.bus, work)

    began, used = time.monotonic(), _processor_seconds()
    loaded = load_network(network, seed)
    ids = first_ids if prompt is None else tokens_of(loaded, prompt, tokens)[1]
    sizes = {len(ids), 1} if tokens > 1 else {len(ids)}
    phases = [p for m in sizes for p in _require_phases(accelerator, layout, spec, m)]
    world = fixed_world(layout.bus.weight_ports, latency_cycles)
    identity = [repr(each) for each in (layout, latency_cycles, spec, ids, tokens)]
    identity += [weights_digest(network, seed), program.parent.name, code_digest(__name__)]
    journal = TokenJournal(work, identity)
    order = [matrices for layer in loaded.layers for matrices in layer.products]
    with PhaseRunner(layout, world, program, order, phases) as runner:
        walk = _Walk(journal, runner, loaded, tokens, begin_progress())
        if walk.finished:
            say(f"rtl check: going on after layer {walk.finished} of {walk.layers}")
        token_ids = generate(loaded, ids, tokens, greedy, walk.product)
    journal.remove()
    return TokenResult(
        network=spec.name,
        accelerator=accelerator.name,
        latency_cycles=latency_cycles,
        prompt_ids=tuple(ids),
        token_ids=tuple(token_ids),
        layers=len(token_ids) * spec.layers,
        resumed_layers=walk.finished,
        tally=walk.tally,
        seconds=time.monotonic() - began,
        processor_seconds=_processor_seconds() - used,
    )


def fixed_world(weight_ports: int, latency_cycles: int) -> World:
    """Memory that takes every address at once and answers after so many cycles, a word a cycle."""
    read = ReadWorld(latency=constant(latency_cycles))
    return World((read,) * weight_ports, read, WriteWorld(response=constant(latency_cycles)))


class _Walk:
    """A product function that has the Verilog do what no earlier call has done."""

    def __init__(
        self,
        journal: TokenJournal,
        runner: PhaseRunner,
        network: Network,
        tokens: int,
        progress: Progress,
    ) -> None:
        self._journal = journal
        self._runner = runner
        self._progress = progress
        self._per_layer = len(network.layers[0].products)
        done = journal.layers()
        self.finished = len(done)  # layers of an earlier call
        self.layers = tokens * len(network.layers)  # of all passes, if no stop ends them earlier
        self._repeated = [phase for layer in done for phase in layer]
        self._layer: list[Finished] = []
        self._done = 0  # phases
        self.tally = Tally()

    def product(self, event: Event) -> NDArray[np.int32]:
        """(m, n) int32 sums of the Verilog; see `bitsim.reference.kernels.product.product`."""
        place = self._done
        self._done += 1
        if place < len(self._repeated):
            phase = self._repeated[place]
            self._require_same(event, phase)
        else:
            phase = self._runner.run(event)
            self._layer.append(phase)
            if len(self._layer) == self._per_layer:
                layer = place // self._per_layer
                self._journal.keep(layer, self._layer)
                self._layer = []
                self._progress(layer + 1 - self.finished, self.layers - self.finished)
        self.tally.add(phase.tally)
        return phase.sums

    def _require_same(self, event: Event, phase: Finished) -> None:
        """Check that the sums of an earlier call belong to this input and these weights."""
        exact = exact_product(event)
        same = (event.name, exact.shape) == (phase.name, phase.sums.shape)
        if same and (phase.tally.value_mismatches or np.array_equal(exact, phase.sums)):
            return
        raise BitsimError(
            f"{shown_path(self._journal.folder)}: {event.name} has other weights or another input "
            f"than when it was run; delete the folder and start again"
        )


def _layout(accelerator: AcceleratorSpec) -> BusLayout:
    if accelerator.bus is None:
        raise BitsimError(
            f"rtl check --network: {accelerator.name} has no [bus], so nothing that runs phases "
            f"over AXI4; add one, or take dot_32x32_axi"
        )
    return BusLayout(accelerator.array, accelerator.bus)


def _require_phases(
    accelerator: AcceleratorSpec, layout: BusLayout, spec: NetworkSpec, m: int
) -> list[Phase]:
    """A layer's phases for m tokens; `BitsimError` if the accelerator cannot run one."""
    phases = [product.phase(m) for product in spec.products(0)]
    for phase in phases:
        accelerator.array.tiling(phase)
        layout.entry(phase, 0, 0, 0, 0)
    return phases


def _processor_seconds() -> float:
    """Of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
