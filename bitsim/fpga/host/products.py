"""Ternary products on a board: weights and activations over the line, sums back, all checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bitsim.array import make_array
from bitsim.fpga.host.memory import BoardMemory, Piece
from bitsim.fpga.host.tally import BoardTally
from bitsim.fpga.line.driver import Driver
from bitsim.fpga.line.serial_link import SerialLink
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.host.serial_protocol import MAX_WORDS, WORD_BYTES
from bitsim.spec.phase import Phase
from bitsim.spec.registers.map import register_map
from bitsim.trace.event import Event
from bitsim.units import ceil_div
from bitsim.verilated.arrays.stimulus import beats_of, sums_of

FRAME_BODY_BYTES = MAX_WORDS * WORD_BYTES
PART_BYTES = 16 * FRAME_BODY_BYTES  # between two looks at the time
LIST_S = 60.0  # what a list may take beside its cycles
SLOWEST = 100  # times slower than its clock, which a simulated board may be

# Of frames both ways (docs/serial.md): around 128 words; for an entry of a list; for LIST_INDEX,
# COUNT, CONTROL, STATUS and the counters of a list.
FRAME_BYTES, ENTRY_BYTES, LIST_BYTES = 20, 68, 420


class BoardProducts:
    """Runs products list after list; weights that fit stay on the board."""

    def __init__(
        self,
        link: SerialLink,
        accelerator: AcceleratorSpec,
        memory: BoardMemory,
        progress: Callable[[], object] = lambda: None,
    ) -> None:
        """`progress` is called now and then.

        `BitsimError` unless the accelerator is what the board holds.
        """
        self.memory = memory
        self._layout = memory.layout
        self._clock_hz = accelerator.clock_mhz * 1e6
        self._link = link
        self._progress = progress
        self._packer = make_array(self._layout.array, values=True)
        self._written: set[str] = set()  # products whose weights are on the board, to stay
        self._driver = Driver(link, register_map(accelerator), link.name)
        link.hello()
        self._driver.identify()
        self._driver.settle(LIST_S)

    def run(self, events: Sequence[Event]) -> tuple[list[NDArray[np.int32]], BoardTally]:
        """(m, n) int32 sums of each event, by the board; the events do not depend on each other."""
        phases = [event.phase for event in events]
        sums = [np.zeros((phase.m, phase.n), np.int32) for phase in phases]
        tally = BoardTally(events=len(events), products=sum(phase.products for phase in phases))
        for pieces in self.memory.lists(phases):
            for piece in pieces:
                self._bring(piece, events[piece.product])
            self._driver.write_list([piece.entry for piece in pieces])
            self._driver.start(len(pieces))
            self._driver.wait(self._most_s(pieces))
            for piece in pieces:
                rows = piece.rows(self._layout.array.rows, phases[piece.product].n)
                part = self._results(piece, rows, phases[piece.product])
                sums[piece.product][piece.vectors, rows] = part
            tally.compare_counters(self._layout, pieces, events, self._driver.counters())
        for event, found in zip(events, sums, strict=True):
            tally.compare_values(event, found)
        return sums, tally

    def _bring(self, piece: Piece, event: Event) -> None:
        """Write what an entry reads and the memory does not hold."""
        stride = piece.entry.weights_stride
        if event.name in self.memory.resident:
            if event.name not in self._written:
                self._bring_weights(self.memory.resident[event.name], stride, event, slice(None))
                self._written.add(event.name)
        elif piece.weights:
            tiles = slice(piece.first_tile, piece.end_tile)
            self._bring_weights(piece.entry.weights_address, stride, event, tiles)
        if piece.activations:
            part = event.activations[piece.vectors]
            beats = beats_of(self._layout.array, _shape(event.phase, 1, len(part)), part)
            self._write(piece.entry.activations_address, self._layout.activation_bytes(beats))

    def _bring_weights(self, address: int, stride: int, event: Event, tiles: slice) -> None:
        image = self._packer.image(event.matrices)[tiles]
        for port, data in enumerate(self._layout.weight_bytes(image)):
            self._write(address + port * stride, data)

    def _write(self, address: int, data: NDArray[np.uint8]) -> None:
        for first in range(0, data.size, PART_BYTES):
            self._link.write_memory(address + first, data[first : first + PART_BYTES].tobytes())
            self._progress()

    def _results(self, piece: Piece, rows: slice, phase: Phase) -> NDArray[np.int32]:
        """(vectors, rows) int32 of a piece."""
        entry, parts = piece.entry, []
        size = entry.results_words * self._layout.bus.word_bytes
        for first in range(0, size, PART_BYTES):
            address = entry.results_address + first
            parts.append(self._link.read_memory(address, min(PART_BYTES, size - first)))
            self._progress()
        sums = self._layout.result_sums(np.frombuffer(b"".join(parts), np.uint8))
        shape = _shape(phase, rows.stop - rows.start, piece.end_vector - piece.first_vector)
        return sums_of(self._layout.array, shape, sums)

    def _most_s(self, pieces: Sequence[Piece]) -> float:
        """Seconds that a list may take: words travel one by one, each step waits for its words."""
        cycles = 0
        for piece in pieces:
            entry, ports = piece.entry, self._layout.bus.weight_ports
            cycles += entry.row_tiles * entry.k_beats * entry.groups
            cycles += 2 * ports * entry.weights_words * entry.passes
            cycles += 2 * (entry.activations_words + entry.results_words)
        return LIST_S + SLOWEST * cycles / self._clock_hz


def line_bytes(memory: BoardMemory, phases: Sequence[Phase]) -> int:
    """About how many bytes cross the line, both ways, when these phases run one by one.

    Weights that stay on the board are not counted.
    """
    word, ports = memory.layout.bus.word_bytes, memory.layout.bus.weight_ports
    total = 0
    for phase in phases:
        for pieces in memory.lists([phase]):
            total += LIST_BYTES + len(pieces) * ENTRY_BYTES
            for piece in pieces:
                entry = piece.entry
                total += framed_bytes(entry.results_words * word)
                total += piece.activations * framed_bytes(entry.activations_words * word)
                total += piece.weights * framed_bytes(ports * entry.weights_words * word)
    return total


def framed_bytes(body_bytes: int) -> int:
    """Bytes that cross the line, both ways, when so many bytes of memory are moved."""
    return body_bytes + FRAME_BYTES * ceil_div(body_bytes, FRAME_BODY_BYTES)


def _shape(phase: Phase, n: int, m: int) -> Phase:
    return Phase(name=phase.name, n=n, k=phase.k, m=m)
