"""A board in Python behind a pseudo-terminal: registers, memory, and what a list leaves in it.

It reads what lies in memory as docs/top.md and docs/machine.md say, and shares no code with the
host that wrote it but the encoding of a weight and the frames.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import threading
import tty
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from bitsim.fpga.line.frames import Frame, FrameReader
from bitsim.spec import encoding
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.host.serial_protocol import DONE, Kind
from bitsim.spec.registers.map import ENTRY_REGISTERS, register_map


@dataclass
class ModelBoard:
    """path: of the terminal; hooks: called before a list runs; lists: entries of each that ran."""

    machine: AcceleratorSpec
    path: str = ""
    lists: list[list[dict[str, int]]] = field(default_factory=list)
    written_bytes: int = 0
    wrong_sum_in_list: int | None = None
    wrong_counter_in_list: int | None = None
    busy_reads: int = 0  # STATUS says so often that a list runs
    silent_after_lists: int | None = None

    def __post_init__(self) -> None:
        self.map = register_map(self.machine)
        self.memory = np.zeros(self.machine.host.memory_bytes, np.uint8)
        self.values = {each.offset: 0 for each in self.map}
        for each in self.map:
            for part in each.fields:
                self.values[each.offset] |= (part.constant or 0) << part.low
        self.entries: dict[int, list[int]] = {}

    def offset(self, name: str) -> int:
        return self.map[name].offset

    def answer(self, frame: Frame) -> bytes:
        body = frame.body
        address, count = int.from_bytes(body[:4], "little"), int.from_bytes(body[4:6], "little")
        out = b""
        if frame.kind == Kind.WRITE_MEMORY:
            self.memory[address : address + 4 * count] = np.frombuffer(body[6:], np.uint8)
            self.written_bytes += 4 * count
        elif frame.kind == Kind.READ_MEMORY:
            assert address + 4 * count <= self.memory.size
            out = self.memory[address : address + 4 * count].tobytes()
        elif frame.kind == Kind.WRITE_REGISTERS:
            for place in range(count):
                word = int.from_bytes(body[6 + 4 * place : 10 + 4 * place], "little")
                self.write(address + 4 * place, word)
        elif frame.kind == Kind.READ_REGISTERS:
            words = [self.read(address + 4 * place) for place in range(count)]
            out = b"".join(word.to_bytes(4, "little") for word in words)
        return Frame(frame.kind | DONE, frame.sequence, out).encoded()

    def read(self, offset: int) -> int:
        if offset == self.offset("STATUS"):
            if self.busy_reads:
                self.busy_reads -= 1
                return 1
            return 2 if self.lists else 0
        return self.values.get(offset, 0)

    def write(self, offset: int, word: int) -> None:
        first, last = self.offset(ENTRY_REGISTERS[0]), self.offset(ENTRY_REGISTERS[-1])
        if first <= offset <= last:
            index = self.values[self.offset("LIST_INDEX")]
            words = self.entries.setdefault(index, [0] * len(ENTRY_REGISTERS))
            words[(offset - first) // 4] = word
            if offset == last:
                self.values[self.offset("LIST_INDEX")] += 1
        elif offset == self.offset("CONTROL"):
            status = self.offset("INTERRUPT_STATUS")
            self.values[status] = 4 if self.busy_reads else 0  # refused
            if self.busy_reads:
                return
            assert self.values[self.offset("COUNT")] <= self.machine.bus.list_entries
            self.run([self.entries[i] for i in range(self.values[self.offset("COUNT")])])
        elif offset != self.offset("INTERRUPT_STATUS"):
            self.values[offset] = word

    def run(self, entries: list[list[int]]) -> None:
        """Every entry, as the documents say; then the counters."""
        counts = dict.fromkeys(self.map.counters, 0)
        array = self.machine.array
        self.lists.append([])
        for words in entries:
            fields = self.fields_of(words)
            self.lists[-1].append(fields)
            weights, activations = self.weights(fields), self.activations(fields)
            sums = activations.astype(np.int64) @ weights.T
            self.store(fields, sums)
            steps = fields["row_tiles"] * fields["k_beats"] * fields["groups"]
            adds, subtracts = (
                int(((weights == sign).sum(0) * (activations != 0).sum(0)).sum())
                for sign in (1, -1)
            )
            counts["array_busy"] += steps
            counts["array_cycles"] += steps
            counts["list_cycles"] += steps + 10
            counts["array_adds"] += adds
            counts["array_subtracts"] += subtracts
            counts["array_skips"] += steps * array.peak_products - adds - subtracts
            counts["activation_words"] += fields["activations_words"]
            counts["result_words"] += fields["results_words"]
            for port in range(self.machine.bus.weight_ports):
                counts[f"weight_words_{port}"] += fields["weights_words"] * fields["passes"]
        if self.wrong_counter_in_list == len(self.lists):
            counts["array_adds"] += 1
        for name, count in counts.items():
            self.values[self.offset(f"{name.upper()}_LOW")] = count & 0xFFFFFFFF
            self.values[self.offset(f"{name.upper()}_HIGH")] = count >> 32

    def fields_of(self, words: list[int]) -> dict[str, int]:
        return {
            "row_tiles": words[0] & 0xFFFF,
            "k_beats": words[0] >> 16,
            "groups": words[1] & 0xFFFF,
            "passes": words[1] >> 16,
            "weights_address": words[2] | words[3] << 32,
            "weights_stride": words[4],
            "weights_words": words[5],
            "activations_address": words[6] | words[7] << 32,
            "activations_words": words[8],
            "results_address": words[9] | words[10] << 32,
            "results_words": words[11],
        }

    def words_at(self, address: int, words: int) -> np.ndarray:
        size = words * self.machine.bus.word_bytes
        assert address % self.machine.bus.word_bytes == 0
        assert address + size <= self.memory.size
        return self.memory[address : address + size]

    def weights(self, fields: dict[str, int]) -> np.ndarray:
        """(rows, columns) with padding."""
        array, ports = self.machine.array, self.machine.bus.weight_ports
        tiles, beats, columns = fields["row_tiles"], fields["k_beats"], array.columns // ports
        out = np.zeros((tiles, array.columns, beats * array.lanes), np.int64)
        for port in range(ports):
            address = fields["weights_address"] + port * fields["weights_stride"]
            data = self.words_at(address, fields["weights_words"]).reshape(tiles, beats, -1)
            packed = data[:, :, : columns * array.beat_bytes].reshape(tiles, beats, columns, -1)
            lanes = encoding.unpack(packed, array.lanes, array.weight_packing)
            rows = lanes.transpose(0, 2, 1, 3).reshape(tiles, columns, -1)
            out[:, port * columns : (port + 1) * columns] = rows
        return out.reshape(tiles * array.columns, -1)

    def blocks(self, groups: int) -> Iterator[range]:
        for first in range(0, groups, self.machine.array.hold):
            yield range(first, min(first + self.machine.array.hold, groups))

    def activations(self, fields: dict[str, int]) -> np.ndarray:
        """(vectors, K) with padding."""
        array, groups, beats = self.machine.array, fields["groups"], fields["k_beats"]
        data = self.words_at(fields["activations_address"], fields["activations_words"])
        rows = iter(data.reshape(groups * beats, -1)[:, : array.slices * array.lanes])
        out = np.zeros((groups, array.slices, beats, array.lanes), np.int8)
        for block in self.blocks(groups):
            for beat in range(beats):
                for group in block:
                    out[group, :, beat] = next(rows).view(np.int8).reshape(array.slices, -1)
        return out.reshape(groups * array.slices, -1)

    def store(self, fields: dict[str, int], sums: np.ndarray) -> None:
        array, groups, tiles = self.machine.array, fields["groups"], fields["row_tiles"]
        grid = sums.reshape(groups, array.slices, tiles, array.columns)
        beats = [
            grid[group, :, tile].T.reshape(-1).astype("<i4").view(np.uint8)
            for block in self.blocks(groups)
            for tile in range(tiles)
            for group in block
        ]
        place = self.words_at(fields["results_address"], fields["results_words"])
        places = place.reshape(len(beats), -1)
        places[:, : beats[0].size] = beats
        if self.wrong_sum_in_list == len(self.lists):
            places[0, 0] ^= 1


@contextlib.contextmanager
def model_board(machine: AcceleratorSpec, **options: int) -> Iterator[ModelBoard]:
    """A board that answers until the `with` is left."""
    board = ModelBoard(machine, **options)
    terminal, line = pty.openpty()
    tty.setraw(line)
    board.path = os.ttyname(line)
    ended, end = os.pipe()

    def serve() -> None:
        reader = FrameReader()
        while True:
            ready, _, _ = select.select([terminal, ended], [], [])
            if ended in ready:
                return
            for frame in reader.take(os.read(terminal, 4096)):
                quiet = board.silent_after_lists
                if quiet is None or len(board.lists) < quiet:
                    os.write(terminal, board.answer(frame))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield board
    finally:
        os.write(end, b"x")
        thread.join()
        for each in (terminal, line, ended, end):
            os.close(each)
