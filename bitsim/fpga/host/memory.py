"""What lies where in a board's memory, and which products a list has.

If all weights fit beside the largest product's activations and results, they stay; otherwise each
product brings its own. A product that does not fit as a whole is cut into row tiles, so that its
weights cross the line once for all vectors. Only if a single row tile with all vectors does not
fit, the vectors are cut too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bitsim.errors import BitsimError
from bitsim.spec.link.axi4 import BusLayout, ListEntry
from bitsim.spec.phase import Phase


@dataclass(frozen=True)
class Piece:
    """Some rows of a product times some of its vectors: one entry of a list.

    product      its place among the products that are run together
    first_tile   row tiles first_tile to end_tile - 1
    first_vector vectors first_vector to end_vector - 1
    weights, activations  the host writes them before the list begins
    """

    product: int
    first_tile: int
    end_tile: int
    first_vector: int
    end_vector: int
    entry: ListEntry
    weights: bool
    activations: bool

    def rows(self, columns: int, n: int) -> slice:
        """Those of a matrix of n rows."""
        return slice(self.first_tile * columns, min(self.end_tile * columns, n))

    @property
    def vectors(self) -> slice:
        """Those of the activations."""
        return slice(self.first_vector, self.end_vector)


class BoardMemory:
    """A memory of so many bytes for products of these shapes (`m` of each does not matter).

    weights_bytes   of all products
    resident        address of each product's weights by name; empty: they do not all fit
    """

    def __init__(self, layout: BusLayout, memory_bytes: int, phases: Sequence[Phase]) -> None:
        self.layout = layout
        self.memory_bytes = memory_bytes
        distinct = {phase.name: phase for phase in phases}
        sizes = {name: self._weight_bytes(phase) for name, phase in distinct.items()}
        self.weights_bytes = sum(sizes.values())
        one_group = [self._one_group(phase) for phase in distinct.values()]
        work = max(self._activation_bytes(p) + self._result_bytes(p) for p in one_group)
        self.resident: dict[str, int] = {}
        if self.weights_bytes + work <= memory_bytes:
            address = 0
            for name, size in sizes.items():
                self.resident[name] = address
                address += size
        self._first_free = self.weights_bytes if self.resident else 0
        self._require_room(one_group)

    def lists(self, phases: Sequence[Phase]) -> Iterator[tuple[Piece, ...]]:
        """What to run, list by list, for products that do not depend on each other."""
        waiting: list[int] = []
        for place in range(len(phases)):
            if waiting and not self.fits([phases[each] for each in (*waiting, place)]):
                yield self._list(phases, waiting)
                waiting = []
            if self.fits([phases[place]]):
                waiting.append(place)
            else:
                yield from self._cut(phases[place], place)
        if waiting:
            yield self._list(phases, waiting)

    def fits(self, phases: Sequence[Phase]) -> bool:
        """Whether these products fit into one list, and into the memory, as a whole."""
        if len(phases) > self.layout.bus.list_entries:
            return False
        brought = {} if self.resident else {phase.name: phase for phase in phases}
        total = self._first_free + sum(map(self._weight_bytes, brought.values()))
        total += sum(self._activation_bytes(each) + self._result_bytes(each) for each in phases)
        return total <= self.memory_bytes

    def _list(self, phases: Sequence[Phase], places: Sequence[int]) -> tuple[Piece, ...]:
        """Whole products, one after the other."""
        address = self._first_free
        weights = dict(self.resident)
        pieces = []
        for place in places:
            phase = phases[place]
            brings = phase.name not in weights
            if brings:
                weights[phase.name] = address
                address += self._weight_bytes(phase)
            activations = address
            results = activations + self._activation_bytes(phase)
            address = results + self._result_bytes(phase)
            tiles = self.layout.array.tiling(phase).row_tiles
            entry = self._entry(
                phase, weights[phase.name], self._stride(phase), activations, results
            )
            pieces.append(Piece(place, 0, tiles, 0, phase.m, entry, brings, True))
        return tuple(pieces)

    def _cut(self, phase: Phase, place: int) -> Iterator[tuple[Piece, ...]]:
        """A product that is too large, one piece a list."""
        tiles, vectors = self._cut_sizes(phase)
        row_tiles = self.layout.array.tiling(phase).row_tiles
        for first_tile in range(0, row_tiles, tiles):
            end_tile = min(first_tile + tiles, row_tiles)
            for first in range(0, phase.m, vectors):
                end = min(first + vectors, phase.m)
                piece = self._rows(phase, end_tile - first_tile, end - first)
                whole = self._rows(phase, tiles, vectors)
                skipped = first_tile * self._stride(self._rows(phase, 1, 1))
                if self.resident:
                    weights, stride = self.resident[phase.name] + skipped, self._stride(phase)
                    activations = self._first_free
                else:
                    weights, stride = 0, self._stride(piece)
                    activations = self._weight_bytes(whole)
                results = activations + self._activation_bytes(whole)
                entry = self._entry(piece, weights, stride, activations, results)
                brings = not self.resident and first == 0
                again = vectors < phase.m or first_tile == 0
                yield (Piece(place, first_tile, end_tile, first, end, entry, brings, again),)

    def _cut_sizes(self, phase: Phase) -> tuple[int, int]:
        """Row tiles and vectors of a piece: all vectors, else the vectors of a block or a group."""
        array = self.layout.array
        for vectors in (phase.m, array.held_vectors, array.vectors):
            if vectors > phase.m:
                continue
            one = self._rows(phase, 1, vectors)
            left = self.memory_bytes - self._first_free - self._activation_bytes(one)
            each = self._result_bytes(one)
            if not self.resident:
                each += self._weight_bytes(one)
            if left >= each:
                return min(left // each, array.tiling(phase).row_tiles), vectors
        raise AssertionError(f"{phase.name}: there is room for one group")

    def _require_room(self, one_group: Sequence[Phase]) -> None:
        """`BitsimError` if not even one row tile and one group of vectors of a product fit."""
        if self.resident:
            return
        worst = max((self._rows(p, 1, p.m) for p in one_group), key=self._total_bytes)
        least = self._total_bytes(worst)
        if least > self.memory_bytes:
            raise BitsimError(
                f"memory_bytes = {self.memory_bytes}: weights, activations and results of "
                f"{self.layout.array.rows} rows of {worst.name} are {least} bytes; enlarge "
                f"[host] memory_bytes to {least} or more"
            )

    def _one_group(self, phase: Phase) -> Phase:
        return Phase(name=phase.name, n=phase.n, k=phase.k, m=self.layout.array.vectors)

    def _rows(self, phase: Phase, tiles: int, vectors: int) -> Phase:
        columns = self.layout.array.rows
        return Phase(name=phase.name, n=tiles * columns, k=phase.k, m=vectors)

    def _entry(
        self, phase: Phase, weights: int, stride: int, activations: int, results: int
    ) -> ListEntry:
        return self.layout.entry(phase, weights, stride, activations, results)

    def _stride(self, phase: Phase) -> int:
        """Bytes of one weight port."""
        return self._entry(phase, 0, 0, 0, 0).weights_words * self.layout.bus.word_bytes

    def _weight_bytes(self, phase: Phase) -> int:
        return self.layout.bus.weight_ports * self._stride(phase)

    def _activation_bytes(self, phase: Phase) -> int:
        return self._entry(phase, 0, 0, 0, 0).activations_words * self.layout.bus.word_bytes

    def _result_bytes(self, phase: Phase) -> int:
        return self._entry(phase, 0, 0, 0, 0).results_words * self.layout.bus.word_bytes

    def _total_bytes(self, phase: Phase) -> int:
        return sum(
            size(phase) for size in (self._weight_bytes, self._activation_bytes, self._result_bytes)
        )
