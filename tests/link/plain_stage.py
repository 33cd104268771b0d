"""The result stage of `plain_top`: every word, and every code by the thresholds of docs/top.md."""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from math import ceil, floor

import numpy as np


def scale(largest):
    """S and f of s = f32(127) / f32(largest) = S / 2^f, S of 24 bits."""
    f = 0
    while Fraction(127, largest) * 2**f < 2**23:
        f += 1
    whole = round(Fraction(127, largest) * 2**f)  # of a Fraction: half to even
    assert 2**23 <= whole < 2**24
    return whole, f


def thresholds(largest):
    """t_1 ... t_127: the least magnitudes whose codes are 1 ... 127."""
    s, f = scale(largest)
    table = []
    for k in range(1, 128):
        c = Fraction(2 * k - 1, 2)
        b = -1
        while 2 ** (b + 1) <= c:
            b += 1
        h = Fraction(2) ** (b - 24)
        if k % 2 == 0:
            table.append(ceil((c - h) * 2**f / s))
        else:
            table.append(floor((c + h) * 2**f / s) + 1)
    return table


def code(x, table):
    return sum(abs(x) >= least for least in table) * (-1 if x < 0 else 1)


def numbers(word):
    return [int(x) for x in np.frombuffer(word, "<i4")]


class Stage:
    """Takes words of the cutter, and enters others into the FIFO."""

    def __init__(self, array, word_bytes, beat_words, fifo):
        self.array, self.word_bytes, self.beat_words = array, word_bytes, beat_words
        self.fifo = fifo
        self.queue = deque()
        self.state = "IDLE"
        bits = array.accumulator_bits
        self.lasts = {"SETTLE": 4, "SCALE": bits + 24, "STEP": bits + 16, "TABLE": 130}

    def takes(self, room):
        if self.state == "PASS":
            return room or not self.is_last_digit()
        return self.state == "COLLECT"

    def look(self, t, word, room):
        """word: of the cutter, or None; room: in the FIFO, at the start of the cycle."""
        if self.state == "IDLE":
            return [self.take_job] if self.queue else []
        if self.state == "PASS":
            return [] if word is None else [lambda: self.pass_word(t, word)]
        if self.state == "COLLECT":
            return [] if word is None else [lambda: self.collect(word)]
        if self.state == "EMIT":
            return [] if self.offered and not room else [lambda: self.slot(t)]
        return [self.wait]

    def take_job(self):
        self.job = self.queue.popleft()
        self.digits = max(1, self.job["digits"])
        self.groups_begun = 0
        self.begin_block()

    def begin_block(self):
        groups = min(self.array.hold, self.job["groups"] - self.groups_begun)
        self.groups_begun += groups
        # Of each word of the block, in the order in which they come.
        self.places = deque(
            (tile, group, word)
            for tile in range(self.job["row_tiles"])
            for group in range(groups)
            for word in range(self.beat_words)
        )
        self.kept = {}
        self.vectors = [[] for _ in range(groups)]
        if groups == 0:
            self.state = "IDLE"
        else:
            self.state = "COLLECT" if self.job["codes"] else "PASS"

    def is_last_digit(self):
        return self.places[0][0] % self.digits == self.digits - 1

    def pass_word(self, t, word):
        leaves = self.is_last_digit()
        tile, *place = self.places.popleft()
        before = [0] * len(numbers(word))
        if tile % self.digits:
            before = self.kept[tuple(place)]
        total = [3 * old + new for old, new in zip(before, numbers(word), strict=True)]
        self.kept[tuple(place)] = total
        if leaves:
            self.fifo.enter(t, np.array(total, "<i4").tobytes())
        if not self.places:
            self.begin_block()

    def collect(self, word):
        _, group, _ = self.places.popleft()
        self.vectors[group].append(numbers(word))
        if not self.places:
            self.go("SETTLE")

    def go(self, state):
        self.state, self.left = state, self.lasts.get(state)

    def wait(self):
        self.left -= 1
        if self.left == 0:
            order = ["SETTLE", "SCALE", "STEP", "TABLE", "EMIT"]
            self.go(order[order.index(self.state) + 1])
            if self.state == "EMIT":
                self.begin_vector()

    def begin_vector(self):
        vector = self.vectors[0]
        largest = max(abs(x) for word in vector for x in word)
        self.table = thresholds(largest) if largest else []
        self.offered = self.padded(int(largest).to_bytes(4, "little"))
        self.slots, self.codes, self.is_last = 0, b"", False

    def slot(self, t):
        vector = self.vectors[0]
        if self.offered:
            self.fifo.enter(t, self.offered)
            self.offered = None
            if self.is_last:
                self.end_vector()
                return
        at = self.slots - 10
        self.slots += 1
        if at >= 0:
            self.codes += bytes(code(x, self.table) & 0xFF for x in vector[at])
            self.is_last = at == len(vector) - 1
            if at % 4 == 3 or self.is_last:
                self.offered, self.codes = self.padded(self.codes), b""

    def end_vector(self):
        self.vectors.pop(0)
        if self.vectors:
            self.go("SCALE")
        else:
            self.begin_block()

    def padded(self, data):
        return data + bytes(self.word_bytes - len(data))
