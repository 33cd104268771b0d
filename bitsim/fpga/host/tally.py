"""What ran on a board, held against the reference and against what the work says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from bitsim.fpga.host.memory import Piece
from bitsim.reference.kernels.product.product import exact_product
from bitsim.spec.link.axi4 import BusLayout
from bitsim.trace.event import Event


@dataclass
class Tally:
    """What was compared, and what differed.

    counters  of all lists, by name (docs/registers.md)
    """

    events: int = 0
    lists: int = 0
    products: int = 0
    values: int = 0
    value_mismatches: int = 0
    counter_mismatches: int = 0
    counters: dict[str, int] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what another compared."""
        counters = dict(self.counters)
        for name, count in other.counters.items():
            counters[name] = counters.get(name, 0) + count
        for name, value in asdict(other).items():
            if name != "counters":
                setattr(self, name, getattr(self, name) + value)
        self.counters = counters

    @property
    def agrees(self) -> bool:
        """Nothing differed."""
        return not self.differences

    def compare_values(self, event: Event, sums: NDArray[np.int32]) -> None:
        """Hold (m, n) int32 sums against the exact ones."""
        exact = exact_product(event)
        self.values += sums.size
        wrong = sums != exact
        if not wrong.any():
            return
        count = int(np.count_nonzero(wrong))
        token, row = (int(place) for place in np.argwhere(wrong)[0])
        self.value_mismatches += count
        self.differences.append(
            f"{_where(event)}: {count} of {sums.size} sums, the first is row {row} of token "
            f"{token}: {sums[token, row]} instead of {exact[token, row]}"
        )

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
        self.add(Tally(counters=counters))
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
