"""Addition problems as text, and the split into trained and held-out ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LONGEST = 4  # digits of an operand
HELD_OUT = 16  # one unordered pair of operands in so many is never trained on
NINES = 0.7  # share of the places that pass a carry on, in a problem made to carry far
ZEROS = 0.05  # share of the operands that training makes 0


class Problem(NamedTuple):
    a: int
    b: int

    @property
    def prompt(self) -> str:
        return f"{self.a}+{self.b}="

    @property
    def answer(self) -> str:
        return str(self.a + self.b)


def is_held_out(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """True where a + b belongs to the held-out problems; a + b and b + a go together.

    A hash of the unordered pair (multiply and fold, twice, modulo 2**64) picks them, so the split
    needs no list and no seed. 0 + 0 is always trained on: no other answer starts with 0, so nothing
    else could teach it.
    """
    pair = np.minimum(a, b).astype(np.uint64) * np.uint64(10**LONGEST)
    pair += np.maximum(a, b).astype(np.uint64)
    for shift in (31, 29):
        pair *= np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, odd
        pair ^= pair >> np.uint64(shift)
    return (pair % np.uint64(HELD_OUT) == 0) & (a + b > 0)


def operands(rng: np.random.Generator, count: int, shares: tuple[float, ...]) -> np.ndarray:
    """Digits of `count` operands, (count, LONGEST) int64, units first, zeros above the length.

    Length n + 1 has the share `shares[n]`; the leading digit is not 0 unless it is the only one.
    """
    lengths = rng.choice(LONGEST, size=count, p=shares) + 1
    digits = rng.integers(0, 10, (count, LONGEST))
    leading = np.where(lengths > 1, rng.integers(1, 10, count), digits[:, 0])
    digits[np.arange(count), lengths - 1] = leading
    return digits * (np.arange(LONGEST) < lengths[:, None])


def to_problems(a: np.ndarray, b: np.ndarray) -> list[Problem]:
    return [Problem(int(x), int(y)) for x, y in zip(a, b, strict=True)]


POWERS = 10 ** np.arange(LONGEST)
UNIFORM = (0.25, 0.25, 0.25, 0.25)


def held_out(seed: int, count: int, shares: tuple[float, ...] = UNIFORM) -> list[Problem]:
    """`count` held-out problems, drawn with replacement: few pairs of short operands exist."""
    rng = np.random.default_rng(seed)
    a = operands(rng, HELD_OUT * count * 2, shares) @ POWERS
    b = operands(rng, HELD_OUT * count * 2, shares) @ POWERS
    keep = np.flatnonzero(is_held_out(a, b))[:count]
    assert len(keep) == count
    return to_problems(a[keep], b[keep])


def short_held_out() -> list[Problem]:
    """Every held-out problem with at most two digits an operand."""
    a, b = (grid.ravel() for grid in np.meshgrid(np.arange(100), np.arange(100)))
    keep = is_held_out(a, b)
    return to_problems(a[keep], b[keep])


def training_batch(rng: np.random.Generator, count: int) -> list[Problem]:
    """`count` problems to train on.

    A third of them is made to carry far: most places sum to 9, which uniform digits do in one
    place of ten. Long operands and 0 are more frequent than in the judged set.
    """
    shares = (0.15, 0.2, 0.25, 0.4)
    drawn = count + count // 4  # some are held out
    a, b = operands(rng, drawn, shares), operands(rng, drawn, shares)
    chain = (rng.random((drawn, LONGEST)) < NINES) & (rng.random((drawn, 1)) < 1 / 3)
    a = np.where(chain & (a > 0) & (b == 0), 9, a)
    b = np.where(chain & (b > 0), 9 - a, b)
    a, b = (x @ POWERS * (rng.random(drawn) >= ZEROS) for x in (a, b))
    keep = np.flatnonzero(~is_held_out(a, b))[:count]
    assert len(keep) == count
    return to_problems(a[keep], b[keep])
