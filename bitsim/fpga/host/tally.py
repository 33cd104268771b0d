"""What ran on a board, held against the reference and against what the work says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bitsim.agreement.tally import Tally
from bitsim.fpga.host.memory import Piece
from bitsim.reference.kernels.product.product import exact_product
from bitsim.spec.link.axi4 import BusLayout
from bitsim.trace.event import Event


@dataclass
class BoardTally(Tally):
    """What a board did. Its cycles are read from its counters, not predicted.

    counters  of all lists, by name (docs/registers.md)
    """

    events: int = 0
    lists: int = 0
    counters: dict[str, int] = field(default_factory=dict)

    def compare_values(self, event: Event, sums: NDArray[np.int32]) -> None:
        """Hold (m, n) int32 sums against the exact ones."""
        self.values += sums.size
        self.same_values(_where(event), sums, exact_product(event))

    def compare_counters(
        self,
        layout: BusLayout,
        pieces: Sequence[Piece],
        events: Sequence[Event],
        counters: dict[str, int],
    ) -> None:
        """Hold a list's counters against the work, as far as it says: not how long it waited."""
        expected = _expected(layout, pieces, events)
        classes = ("busy", "wait_weights", "wait_activations", "wait_results", "drain")
        expected["array_cycles"] = sum(counters[f"array_{name}"] for name in classes)
        wrong = [
            f"{name} {counters[name]} instead of {count}"
            for name, count in expected.items()
            if counters[name] != count
        ]
        self.lists += 1
        self.add(BoardTally(counters=counters))
        if wrong:
            self.counter_mismatches += len(wrong)
            self.differences.append(f"{_where(events[pieces[0].product])}: {'; '.join(wrong)}")


def _expected(
    layout: BusLayout, pieces: Sequence[Piece], events: Sequence[Event]
) -> dict[str, int]:
    adds = subtracts = busy = weight_words = activation_words = result_words = 0
    for piece in pieces:
        entry, event = piece.entry, events[piece.product]
        busy += entry.row_tiles * entry.k_beats * entry.groups
        weight_words += entry.weights_words * entry.passes
        activation_words += entry.activations_words
        result_words += entry.results_words
        rows = piece.rows(layout.array.rows, event.phase.n)
        weights = np.concatenate([matrix.unpack() for matrix in event.matrices])[rows]
        nonzero = np.count_nonzero(event.activations[piece.vectors], axis=0)
        adds += int(np.count_nonzero(weights == 1, axis=0) @ nonzero)
        subtracts += int(np.count_nonzero(weights == -1, axis=0) @ nonzero)
    ports = {f"weight_words_{port}": weight_words for port in range(layout.bus.weight_ports)}
    return ports | {
        "activation_words": activation_words,
        "result_words": result_words,
        "array_busy": busy,
        "array_adds": adds,
        "array_subtracts": subtracts,
        "array_skips": busy * layout.array.peak_products - adds - subtracts,
    }


def _where(event: Event) -> str:
    return f"pass {event.pass_index}, {event.name}"
