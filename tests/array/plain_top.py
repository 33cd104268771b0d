"""docs/top.md read a second time: an accelerator that moves every word, slow and plain.

Each part looks at the state at the start of a cycle and returns what it will change; the changes
are made when all have looked. Memory is bytes, queues are deques, and nothing is worked out before
it happens.
"""

from __future__ import annotations

from collections import Counter, deque
from itertools import cycle

import numpy as np

from bitsim.spec import encoding


class Fifo:
    """Words that can leave two cycles after they have entered."""

    def __init__(self):
        self.words = deque()  # (cycle of entry, bytes)

    def enter(self, t, word):
        self.words.append((t, word))

    def leave(self):
        return self.words.popleft()[1]

    def can_leave(self, t):
        """How many."""
        return sum(entered + 2 <= t for entered, _ in self.words)


class Channel:
    """An address channel: what is offered, since when, and how long it will wait."""

    def __init__(self, delays):
        self.delays = cycle(delays.tolist())
        self.burst = None

    def offer(self, t, burst):
        burst["offered_cycle"] = self.since = t
        self.burst, self.delay = burst, next(self.delays)

    def ready(self, t):
        return self.burst is not None and t == self.since + self.delay

    def transfer(self, t):
        burst, self.burst = self.burst, None
        burst["accept_cycle"] = t
        return burst


def refreshing(memory, t):
    return memory.refresh_period > 0 and t % memory.refresh_period < memory.refresh_cycles


def length(bus, address, left):
    """Words of a burst."""
    to_boundary = (4096 - address % 4096) // bus.word_bytes
    return min(bus.burst_words, to_boundary, left)


class ReadPort:
    """Master, memory, FIFO and gearbox; `beat_bytes` of the offered beat mean something."""

    def __init__(self, bus, memory, store, beat_words):
        self.bus, self.memory, self.store, self.beat_words = bus, memory, store, beat_words
        self.queue = deque()
        self.job = None
        self.left = self.passes = 0
        self.channel = Channel(memory.accept)
        self.latencies, self.gaps = cycle(memory.latency.tolist()), cycle(memory.gap.tolist())
        self.accepted = deque()  # bursts that memory has not answered in whole
        self.sent = 0  # words of the first of them
        self.last_word = -1
        self.in_flight = self.reserved = 0
        self.fifo = Fifo()
        self.gear = []
        self.words = 0
        self.log = []

    def offered(self):
        """The whole beat, if there is one."""
        return b"".join(self.gear) if len(self.gear) == self.beat_words else None

    def look(self, t, beat_goes):
        return [
            *self.ask(t),
            *self.channel_moves(t),
            *self.memory_moves(t),
            *self.gears(t, beat_goes),
        ]

    def ask(self, t):
        if self.left == 0 and self.passes == 0:
            return [self.take_job] if self.queue else []
        if self.left == 0:
            return [self.next_pass]
        free = self.channel.burst is None or self.channel.ready(t)
        words = length(self.bus, self.address, self.left)
        room = self.reserved + words <= self.bus.read_fifo_words
        if free and room and self.in_flight < self.bus.outstanding:
            return [lambda: self.send(t, words)]
        return []

    def take_job(self):
        self.job = self.queue.popleft()
        self.passes = self.job["passes"]
        self.next_pass()

    def next_pass(self):
        self.address, self.left = self.job["address"], self.job["words"]
        self.passes -= 1

    def send(self, t, words):
        burst = {"address": self.address, "words": words, "response_cycle": 0}
        self.log.append(burst)
        self.channel.offer(t + 1, burst)
        self.in_flight += 1
        self.reserved += words
        self.address += words * self.bus.word_bytes
        self.left -= words

    def channel_moves(self, t):
        if not self.channel.ready(t):
            return []
        # Before `send` may offer the next address.
        burst = self.channel.transfer(t)

        def enqueue():
            burst["due"] = t + next(self.latencies)
            self.accepted.append(burst)

        return [enqueue]

    def memory_moves(self, t):
        if not self.accepted or refreshing(self.memory, t):
            return []
        burst = self.accepted[0]
        if self.sent == 0:
            due = max(burst["due"], self.last_word + 1)
        else:
            due = self.last_word + 1 + self.gap
        if t < due:
            return []
        return [lambda: self.word(t, burst)]

    def word(self, t, burst):
        if self.sent == 0:
            burst["first_word_cycle"] = t
            next(self.gaps)
        at = burst["address"] + self.sent * self.bus.word_bytes
        self.fifo.enter(t, self.store.read(at, self.bus.word_bytes))
        self.words += 1
        self.last_word = t
        self.sent += 1
        if self.sent < burst["words"]:
            self.gap = next(self.gaps)
        else:
            burst["last_word_cycle"] = t
            self.accepted.popleft()
            self.sent = 0
            self.in_flight -= 1

    def gears(self, t, beat_goes):
        changes = []
        if beat_goes:
            changes.append(self.gear.clear)
        if self.fifo.can_leave(t) and (len(self.gear) < self.beat_words or beat_goes):
            changes.append(self.move_word)
        return changes

    def move_word(self):
        self.gear.append(self.fifo.leave())
        self.reserved -= 1


class WritePort:
    """Cutter, FIFO, master and memory."""

    def __init__(self, bus, memory, store):
        self.bus, self.memory, self.store = bus, memory, store
        self.queue = deque()
        self.job = None
        self.left = self.finished = 0
        self.channel = Channel(memory.accept)
        self.gaps, self.responses = cycle(memory.gap.tolist()), cycle(memory.response.tolist())
        self.rest = []
        self.fifo = Fifo()
        self.sending = None
        self.unsent = 0
        self.unanswered = deque()
        self.last_response = -1
        self.words = 0
        self.log = []

    def room(self):
        return len(self.fifo.words) < self.bus.write_fifo_words

    def ready(self):
        return not self.rest or (len(self.rest) == 1 and self.room())

    def look(self, t, beat):
        changes = [*self.announce(t), *self.moves(t)]
        if self.rest and self.room():
            changes.append(lambda: self.fifo.enter(t, self.rest.pop(0)))
        if beat is not None:
            changes.append(lambda: self.cut(beat))
        return changes

    def cut(self, beat):
        size = self.bus.word_bytes
        padded = beat + bytes(-len(beat) % size)
        assert not self.rest
        self.rest = [padded[at : at + size] for at in range(0, len(padded), size)]

    def announce(self, t):
        if self.job is None:
            return [self.take_job] if self.queue else []
        quiet = self.channel.burst is None and self.unsent == 0
        if self.left == 0 and quiet and not self.unanswered:
            return [self.finish]
        if self.left == 0 or not quiet or len(self.unanswered) >= self.bus.outstanding:
            return []
        words = length(self.bus, self.address, self.left)
        if self.fifo.can_leave(t) < words:
            return []
        return [lambda: self.begin(t, words)]

    def take_job(self):
        self.job = self.queue.popleft()
        self.address, self.left = self.job["address"], self.job["words"]

    def finish(self):
        self.job = None
        self.finished += 1

    def begin(self, t, words):
        burst = {"address": self.address, "words": words}
        self.log.append(burst)
        self.channel.offer(t + 1, burst)
        self.unanswered.append(burst)
        self.sending, self.unsent = burst, words
        self.since, self.gap = t + 1, next(self.gaps)
        self.address += words * self.bus.word_bytes
        self.left -= words

    def moves(self, t):
        changes = []
        if self.channel.ready(t):
            self.channel.transfer(t)
        if self.unsent and t >= self.since + self.gap and not refreshing(self.memory, t):
            changes.append(lambda: self.word(t))
        if self.unanswered:
            burst = self.unanswered[0]
            if "response_cycle" in burst and t == burst["response_cycle"]:
                changes.append(self.unanswered.popleft)
        # Last, when the transfers of this cycle are known: when will the response come?
        changes.append(self.schedule_response)
        return changes

    def word(self, t):
        burst = self.sending
        at = burst["address"] + (burst["words"] - self.unsent) * self.bus.word_bytes
        self.store.write(at, self.fifo.leave())
        burst.setdefault("first_word_cycle", t)
        self.words += 1
        self.unsent -= 1
        if self.unsent:
            self.since, self.gap = t + 1, next(self.gaps)
        else:
            burst["last_word_cycle"] = t

    def schedule_response(self):
        burst = self.sending
        if burst is None or "response_cycle" in burst:
            return
        if "accept_cycle" in burst and "last_word_cycle" in burst:
            later = max(burst["accept_cycle"], burst["last_word_cycle"])
            due = max(later + next(self.responses), self.last_response + 1)
            burst["response_cycle"] = self.last_response = due


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
        self.weights = [
            ReadPort(bus, memory, self.store, layout.step_words) for memory in world.weights
        ]
        self.activations = ReadPort(bus, world.activations, self.store, layout.activation_words)
        self.results = WritePort(bus, world.results, self.store)
        self.array = PlainArray(spec)
        self.phases = deque()

    def run(self, entries, start):
        self.state, self.entries, self.at = "IDLE", entries, 0
        self.list_cycles = 0
        self.array.log = []
        self.results.finished = 0
        for port in (*self.weights, self.activations, self.results):
            port.words, port.log = 0, []
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
        self.state = "READ" if self.at < len(self.entries) else "WAIT"

    def move(self, t):
        """Every transfer between the parts, and what the parts do by themselves."""
        array, spec, changes = self.array, self.layout.array, []
        columns = self.layout.port_columns
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
