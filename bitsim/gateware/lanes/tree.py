"""Trees of adders: the lanes of a column, and the counting of ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed

ACTIVATION_BITS = 8


@dataclass(frozen=True)
class Term:
    """A partial sum and a carry that is still to be added to it: the sum is `value + carry`.

    A lane with weight -1 gives the complement of its activation and the carry 1. Adding two terms
    uses up one of their two carries, so one is left at every node, and the accumulator adds the
    last: the +1 of every lane costs no adder of its own.
    """

    value: Value
    carry: Value


def register_levels(levels: int, stages: int, before: int = 0) -> list[int]:
    """For each level of a tree the registers after it: `stages` in all, the last at the root.

    Level 0 is before the first adders. `stages` above `levels` puts several at one place.

    before  adders that each term has gone through already, in the same cycle
    """
    registers = [0] * (levels + 1)
    for stage in range(1, stages + 1):
        registers[max(0, (before + levels) * stage // stages - before)] += 1
    return registers


def count_stages(tree_stages: int) -> int:
    """Registers in a column's counting of lanes, of the `tree_stages` + 2 before the counters.

    About half: a column has more levels to add up than there are of columns, and at the root of
    theirs follow a subtraction and a wide counter.
    """
    return 1 + (tree_stages + 1) // 2


def add_terms(m: Module, terms: Sequence[Term], stages: int, name: str, before: int = 0) -> Term:
    """The sum of all terms, `stages` cycles later; `before` as in `register_levels`.

    A term of n lanes has its value in [-128 n, 128 n - 1], so an adder is a bit wider than what it
    adds.
    """
    levels = (len(terms) - 1).bit_length()
    registers = register_levels(levels, stages, before)
    row = list(terms)
    for level in range(levels + 1):
        if level:
            row = _add_pairs(m, row, f"{name}_level{level}")
        for _ in range(registers[level]):
            row = [
                Term(
                    _register(m, term.value, f"{name}_level{level}_{i}_reg"),
                    _register(m, term.carry, f"{name}_level{level}_{i}_carry_reg"),
                )
                for i, term in enumerate(row)
            ]
    return row[0]


def _add_pairs(m: Module, row: list[Term], name: str) -> list[Term]:
    sums = []
    for i in range(0, len(row) - 1, 2):
        left, right = row[i], row[i + 1]
        bits = 1 + max(len(left.value), len(right.value))
        total = Signal(signed(bits), name=f"{name}_{i // 2}")
        m.d.comb += total.eq(left.value + right.value + left.carry)
        sums.append(Term(total, right.carry))
    return sums + row[len(sums) * 2 :]


def add_counts(
    m: Module, counts: Sequence[Value], largest: int, stages: int, name: str, before: int = 0
) -> Value:
    """The sum of unsigned numbers up to `largest`, `stages` cycles later."""
    levels = (len(counts) - 1).bit_length()
    registers = register_levels(levels, stages, before)
    row = list(counts)
    for level in range(levels + 1):
        if level:
            most = largest * min(2**level, len(counts))
            sums: list[Value] = []
            for i in range(0, len(row) - 1, 2):
                total = Signal(range(most + 1), name=f"{name}_level{level}_{i // 2}")
                m.d.comb += total.eq(row[i] + row[i + 1])
                sums.append(total)
            row = sums + row[len(sums) * 2 :]
        for _ in range(registers[level]):
            row = [_register(m, each, f"{name}_level{level}_{i}_reg") for i, each in enumerate(row)]
    return row[0]


def count_flags(m: Module, flags: Sequence[Value], stages: int, name: str) -> Value:
    """How many flags are 1, `stages` cycles later.

    Seven at a time become a number of three bits, by two full adders and an adder with both its
    operands and its carry in use; a tree of adders from single bits on is larger and slower.
    """
    sevens = []
    for first in range(0, len(flags), 7):
        three, six, seven = (flags[first + low : first + low + 3] for low in (0, 3, 6))
        ones = _full_adder(m, three, f"{name}_flag{first}")
        if six:
            total = Signal(range(8), name=f"{name}_seven{first // 7}")
            m.d.comb += total.eq(
                ones + _full_adder(m, six, f"{name}_flag{first + 3}") + Cat(seven[:1])
            )
            ones = total
        sevens.append(ones)
    return add_counts(m, sevens, 7, stages, name, before=1)


def _full_adder(m: Module, flags: Sequence[Value], name: str) -> Value:
    """How many of up to three are 1."""
    ones = Signal(range(len(flags) + 1), name=f"{name}_ones")
    pairs = [a & b for a, b in combinations(flags, 2)]
    m.d.comb += ones.eq(Cat(Cat(flags).xor(), Cat(pairs).any() if pairs else Const(0, 0)))
    return ones


def _register(m: Module, value: Value, name: str) -> Signal:
    register = Signal(value.shape(), name=name, reset_less=True)
    m.d.sync += register.eq(value)
    return register
