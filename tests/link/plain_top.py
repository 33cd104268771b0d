"""docs/top.md read a second time: an accelerator that moves every word, slow and plain.

Each part looks at the state at the start of a cycle and returns what it will change; the changes
are made when all have looked. Memory is bytes, queues are deques, and nothing is worked out before
it happens.
"""

from __future__ import annotations

from collections import Counter, deque

import numpy as np

from bitsim.spec import encoding
from tests.link.plain_ports import ReadPort, WritePort


class PlainArray:
    """docs/machine.md, with streams that are offered beats rather than schedules."""

    def __init__(self, spec):
        self.spec = spec
        self.queues = [deque() for _ in range(spec.columns)]
        self.buffer, self.loaded, self.freed = {}, 0, 0
        self.places = spec.result_fifo_beats
        self.accumulators = {}
        self.results = deque()  # (first cycle it can be offered, bytes)
        self.steps = None  # of the phase that runs
        self.log = []
        self.counts = Counter()

    def begin(self, t, entry):
        spec, self.steps = self.spec, deque()
        base = self.loaded_before
        for first in range(0, entry.groups, spec.hold):
            held = min(spec.hold, entry.groups - first)
            for tile in range(entry.row_tiles):
                for beat in range(entry.k_beats):
                    for group in range(held):
                        self.steps.append(
                            {
                                "group": group,
                                "activation": base + beat * held + group,
                                "first": beat == 0,
                                "last": beat == entry.k_beats - 1,
                                "last_group": group == held - 1,
                                "last_tile": tile == entry.row_tiles - 1,
                            }
                        )
            base += entry.k_beats * held
        self.loaded_before = base
        self.wanted = entry.row_tiles * entry.groups
        self.phase_counts = Counter()
        self.log.append({"accept_cycle": t, "counts": self.phase_counts})

    loaded_before = 0

    def look(self, t, phase, takes_result):
        kind = self.kind()
        changes = []
        if kind is None and phase is not None:
            changes.append(lambda: self.begin(t, phase))
        if kind is not None:
            self.phase_counts[kind] += 1
        if kind == "busy":
            changes += self.issue(t)
        if takes_result:
            changes.append(lambda: self.take_result(t))
        return changes

    def kind(self):
        if self.steps is None:
            return None
        if not self.steps:
            return "drain"
        if not all(self.queues):
            return "wait_weights"
        step = self.steps[0]
        if step["activation"] >= self.loaded:
            return "wait_activations"
        if step["last"] and self.places == 0:
            return "wait_results"
        return "busy"

    def issue(self, t):
        spec, step = self.spec, self.steps[0]
        raw = np.frombuffer(self.buffer[step["activation"]], np.int8)
        vectors = raw[: spec.slices * spec.lanes].reshape(spec.slices, spec.lanes).astype(int)
        weights = np.stack(
            [
                encoding.unpack(np.frombuffer(q[0], np.uint8), spec.lanes, spec.weight_packing)
                for q in self.queues
            ]
        ).astype(int)
        products = weights[:, None, :] * vectors[None, :, :]
        used = vectors[None, :, :] != 0
        adds = int((used & (weights[:, None, :] == 1)).sum())
        subtracts = int((used & (weights[:, None, :] == -1)).sum())
        self.phase_counts["adds"] += adds
        self.phase_counts["subtracts"] += subtracts
        self.phase_counts["skips"] += products.size - adds - subtracts
        before = 0 if step["first"] else self.accumulators[step["group"]]
        self.accumulators[step["group"]] = total = before + products.sum(axis=2)

        def change():
            self.steps.popleft()
            if step["last_group"]:
                for queue in self.queues:
                    queue.popleft()
            if step["last_tile"]:
                self.freed += 1
            if step["last"]:
                self.places -= 1
                ready = t + 4 + spec.tree_stages
                self.results.append((ready, total.astype("<i4").tobytes()))

        return [change]

    def offered_result(self, t):
        if self.results and self.results[0][0] <= t:
            return self.results[0][1]
        return None

    def take_result(self, t):
        self.results.popleft()
        self.places += 1
        self.wanted -= 1
        if self.wanted == 0:
            self.log[-1]["end_cycle"] = t + 1
            self.steps = None


class Store:
    """Memory behind all ports: pieces of bytes."""

    def __init__(self, images):
        self.pieces = {address: bytearray(image.tobytes()) for address, image in images}

    def _piece(self, address):
        start = max(first for first in self.pieces if first <= address)
        return self.pieces[start], address - start

    def read(self, address, size):
        piece, at = self._piece(address)
        assert at + size <= len(piece), hex(address)
        return bytes(piece[at : at + size])

    def write(self, address, word):
        piece, at = self._piece(address)
        assert at + len(word) <= len(piece), hex(address)
        piece[at : at + len(word)] = word


class PlainTop:
    """The accelerator from reset on; `run` does one list."""

    def __init__(self, layout, world, images):
        self.layout, spec, bus = layout, layout.array, layout.bus
        self.store = Store(images)
        self.t = 0
        wrong = [world.errors.get(port) for port in range(bus.weight_ports + 2)]
        self.weights = [
            ReadPort(bus, memory, self.store, layout.step_words, number)
            for memory, number in zip(world.weights, wrong[:-2], strict=True)
        ]
        words = layout.activation_words
        self.activations = ReadPort(bus, world.activations, self.store, words, wrong[-2])
        self.results = WritePort(layout, world.results, self.store, wrong[-1])
        self.array = PlainArray(spec)
        self.phases = deque()

    def run(self, entries, start):
        self.state, self.entries, self.at = "IDLE", entries, 0
        self.list_cycles = 0
        self.array.log = []
        self.results.finished = 0
        for port in (*self.weights, self.activations, self.results):
            port.words, port.log = 0, []
            port.answers.error = False
        while True:
            t = self.t
            changes = [*self.read_list(t, start), *self.move(t)]
            self.list_cycles += self.state != "IDLE"
            for change in changes:
                change()
            self.t += 1
            if self.state == "ENDED":
                return self.t

    def read_list(self, t, start):
        if self.state == "IDLE":
            return [lambda: self.go("READ")] if t == start else []
        if self.state == "READ":
            return [lambda: self.go("PUSH")]
        queues = [self.phases, self.activations.queue, self.results.queue]
        queues += [port.queue for port in self.weights]
        if self.results.stage is not None:
            queues.append(self.results.stage.queue)
        if self.state == "PUSH":
            return [self.push] if all(len(queue) < 2 for queue in queues) else []
        ended = self.results.finished == len(self.entries)
        return [lambda: self.go("ENDED")] if ended else []

    def go(self, state):
        self.state = state

    def push(self):
        entry = self.entries[self.at]
        self.at += 1
        self.phases.append(entry)
        for index, port in enumerate(self.weights):
            address = entry.weights_address + index * entry.weights_stride
            job = {"address": address, "words": entry.weights_words, "passes": entry.passes}
            port.queue.append(job)
        self.activations.queue.append(
            {"address": entry.activations_address, "words": entry.activations_words, "passes": 1}
        )
        self.results.queue.append({"address": entry.results_address, "words": entry.results_words})
        if self.results.stage is not None:
            names = ("row_tiles", "groups", "digits", "codes")
            self.results.stage.queue.append({name: getattr(entry, name) for name in names})
        self.state = "READ" if self.at < len(self.entries) else "WAIT"

    def move(self, t):
        """Every transfer between the parts, and what the parts do by themselves."""
        array, spec, changes = self.array, self.layout.array, []
        columns = self.layout.port_feeds
        for index, port in enumerate(self.weights):
            queues = array.queues[index * columns : (index + 1) * columns]
            beat = port.offered()
            goes = beat is not None and all(len(q) < spec.weight_fifo_beats for q in queues)
            if goes:
                for place, queue in enumerate(queues):
                    piece = beat[place * spec.beat_bytes : (place + 1) * spec.beat_bytes]
                    changes.append(lambda queue=queue, piece=piece: queue.append(piece))
            changes += port.look(t, goes)
        beat = self.activations.offered()
        goes = beat is not None and array.loaded - array.freed < spec.activation_buffer_beats
        if goes:
            changes.append(lambda: self.load(beat))
        changes += self.activations.look(t, goes)
        result = array.offered_result(t)
        takes = result is not None and self.results.ready()
        changes += self.results.look(t, result if takes else None)
        phase = self.phases[0] if self.phases else None
        if phase is not None and array.steps is None:
            changes.append(self.phases.popleft)
        changes += array.look(t, phase, takes)
        return changes

    def load(self, beat):
        self.array.buffer[self.array.loaded] = beat
        self.array.loaded += 1
