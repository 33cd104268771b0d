"""The ports of `plain_top`: channels, FIFOs, gearbox and cutter, word by word."""

from __future__ import annotations

from collections import deque
from itertools import cycle

from tests.link.plain_stage import Stage


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


class Answers:
    """Counts what memory answers, from reset on; keeps whether the wrong one was among them."""

    def __init__(self, wrong):
        self.wrong, self.count, self.error = wrong, 0, False

    def one_more(self):
        self.error = self.error or self.count == self.wrong
        self.count += 1


def refreshing(memory, t):
    return memory.refresh_period > 0 and t % memory.refresh_period < memory.refresh_cycles


def length(bus, address, left):
    """Words of a burst."""
    to_boundary = (4096 - address % 4096) // bus.word_bytes
    return min(bus.burst_words, to_boundary, left)


class ReadPort:
    """Master, memory, FIFO and gearbox; `beat_bytes` of the offered beat mean something."""

    def __init__(self, bus, memory, store, beat_words, wrong):
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
        self.answers = Answers(wrong)
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
        self.answers.one_more()
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
    """Cutter, result stage if there is one, FIFO, master and memory."""

    def __init__(self, layout, memory, store, wrong):
        self.bus, self.memory, self.store = layout.bus, memory, store
        self.queue = deque()
        self.job = None
        self.left = self.finished = 0
        self.channel = Channel(memory.accept)
        self.gaps, self.responses = cycle(memory.gap.tolist()), cycle(memory.response.tolist())
        self.rest = []
        self.fifo = Fifo()
        self.stage = None
        if self.bus.results is not None:
            words = layout.result_words
            self.stage = Stage(layout.array, self.bus.word_bytes, words, self.fifo)
        self.sending = None
        self.unsent = 0
        self.unanswered = deque()
        self.last_response = -1
        self.answers = Answers(wrong)
        self.words = 0
        self.log = []

    def room(self):
        return len(self.fifo.words) < self.bus.write_fifo_words

    def can_go(self):
        return self.room() if self.stage is None else self.stage.takes(self.room())

    def ready(self):
        return not self.rest or (len(self.rest) == 1 and self.can_go())

    def look(self, t, beat):
        changes = [*self.announce(t), *self.moves(t)]
        word = self.rest[0] if self.rest and self.can_go() else None
        if word is not None:
            changes.append(lambda: self.rest.pop(0))
        if self.stage is not None:
            changes += self.stage.look(t, word, self.room())
        elif word is not None:
            changes.append(lambda: self.fifo.enter(t, word))
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
                changes += [self.unanswered.popleft, self.answers.one_more]
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
