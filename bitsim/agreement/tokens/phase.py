"""One ternary product in the Verilog, the cycle model and the reference at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bitsim.agreement.lists.compare import compare_list
from bitsim.agreement.tally import Tally
from bitsim.agreement.tokens.journal import Finished
from bitsim.array import make_array
from bitsim.link import make_link
from bitsim.link.result import ListResult
from bitsim.reference.kernels.product.product import exact_product
from bitsim.spec.counts import ArrayCounts
from bitsim.spec.link.axi4 import BOUNDARY_BYTES, BusLayout, ListEntry
from bitsim.spec.phase import Phase
from bitsim.spec.ternary import TernaryMatrix
from bitsim.trace.event import Event
from bitsim.trace.world import World
from bitsim.units import ceil_div
from bitsim.verilated.arrays.stimulus import beats_of, sums_of
from bitsim.verilated.lists.process import TopProcess

MORE_CYCLES = 1000  # that the Verilog may take after the model's end before it is given up

Matrices = tuple[TernaryMatrix, ...]


@dataclass(frozen=True)
class MemoryMap:
    """Where things lie: two places for weights, so that one is filled while the other is read.

    All addresses are multiples of 4096 bytes: a phase's bursts are cut alike in both places.
    """

    weights_bytes: int
    activations_bytes: int
    results_bytes: int

    @classmethod
    def of(cls, layout: BusLayout, phases: Sequence[Phase]) -> MemoryMap:
        """For the largest of these phases."""
        entries = [layout.entry(phase, 0, 0, 0, 0) for phase in phases]
        ports, word = layout.bus.weight_ports, layout.bus.word_bytes
        return cls(
            ports * max(_pages(entry.weights_words * word) for entry in entries),
            max(_pages(entry.activations_words * word) for entry in entries),
            max(_pages(entry.results_words * word) for entry in entries),
        )

    @property
    def total_bytes(self) -> int:
        """Of everything."""
        return 2 * self.weights_bytes + self.activations_bytes + self.results_bytes

    def entry(self, layout: BusLayout, phase: Phase, place: int) -> ListEntry:
        """The list entry of a phase whose weights are in place 0 or 1."""
        activations = 2 * self.weights_bytes
        stride = _pages(layout.entry(phase, 0, 0, 0, 0).weights_words * layout.bus.word_bytes)
        results = activations + self.activations_bytes
        return layout.entry(phase, place * self.weights_bytes, stride, activations, results)


class PhaseRunner:
    """Runs products one after the other. Model and reference compute while the Verilog runs.

    order  all matrices of a walk through the network, so that the next weights are known
    """

    def __init__(
        self,
        layout: BusLayout,
        world: World,
        program: Path,
        order: Sequence[Matrices],
        phases: Sequence[Phase],
    ) -> None:
        self._layout = layout
        self._order = order
        self._following = {id(each): order[(i + 1) % len(order)] for i, each in enumerate(order)}
        self._map = MemoryMap.of(layout, phases)
        self._process = TopProcess(program, layout.bus, world, self._map.total_bytes)
        self._model = make_link(layout, world)
        self._started = False
        self._array = make_array(layout.array, values=True)
        self._place = 0
        self._placed: Matrices | None = None  # whose weights are in that place
        self._image: NDArray[np.uint8] = np.empty(0, np.uint8)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.__exit__(kind, error, trace)

    def run(self, event: Event) -> Finished:
        """One event in all readings."""
        layout, phase = self._layout, event.phase
        if self._placed is not event.matrices:
            self._bring(event.matrices)
        entry, image = self._map.entry(layout, phase, self._place), self._image
        self._write(
            entry.activations_address,
            layout.activation_bytes(beats_of(layout.array, phase, event.activations)),
        )
        # The host writes the entry in the cycle after it has seen the list before end.
        start_cycle = self._model.cycle + 1 + self._started
        self._started = True
        model = self._model.run([entry], start_cycle, log=False)
        self._process.start(entry, model.list_cycles + MORE_CYCLES)

        made = self._array.sums(phase, image, event.activations)
        exact = exact_product(event)
        self._place = 1 - self._place
        self._bring(self._following[id(event.matrices)])

        ended = self._process.finish()
        sums = self._results(entry, phase)
        tally, where = Tally(), _where(event)
        tally.phases, tally.products, tally.values = 1, phase.products, sums.size
        tally.cycles = ended.outcome.bus.list_cycles
        tally.same_values(f"{where}: Verilog", sums, exact)
        tally.same_values(f"{where}: model", made.output, exact)
        counts = _counts(layout, model, made.adds, made.subtracts)
        compare_list(tally, where, model, counts, ended.outcome)
        tally.broken([f"{where}: {ended.fault}"] if ended.fault else [])
        return Finished(event.name, sums, tally)

    def _bring(self, matrices: Matrices) -> None:
        """Into the place that nothing reads."""
        self._image = self._array.image(matrices)
        parts = self._layout.weight_bytes(self._image)
        stride = _pages(len(parts[0]))
        for port, part in enumerate(parts):
            self._write(self._place * self._map.weights_bytes + port * stride, part)
        self._placed = matrices

    def _write(self, address: int, data: NDArray[np.uint8]) -> None:
        self._process.memory[address : address + data.size] = data

    def _results(self, entry: ListEntry, phase: Phase) -> NDArray[np.int32]:
        """(m, n) int32; then clears the memory, so that the next phase finds no old sums."""
        size = entry.results_words * self._layout.bus.word_bytes
        stored = self._process.memory[entry.results_address : entry.results_address + size]
        sums = sums_of(self._layout.array, phase, self._layout.result_sums(stored.copy()))
        stored[:] = 0xFF
        return sums


def _pages(count_bytes: int) -> int:
    return ceil_div(count_bytes, BOUNDARY_BYTES) * BOUNDARY_BYTES


def _counts(layout: BusLayout, model: ListResult, adds: int, subtracts: int) -> ArrayCounts:
    """The model's counters: cycles from its timing, adds, subtracts and skips from its lanes."""
    lane_steps = model.counts.busy * layout.array.peak_products
    return model.counts + ArrayCounts(
        adds=adds, subtracts=subtracts, skips=lane_steps - adds - subtracts
    )


def _where(event: Event) -> str:
    return f"pass {event.pass_index}, {event.name}"
