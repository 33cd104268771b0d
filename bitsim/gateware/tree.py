"""Trees of adders: the lanes of a column, and the counting of ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Module, Signal, Value, signed

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


def register_levels(levels: int, stages: int) -> list[int]:
    """For each level of a tree the registers behind it: `stages` in all, the last at the root.

    Level 0 is before the first adders. `stages` above `levels` puts several at one place.
    """
    registers = [0] * (levels + 1)
    for stage in range(1, stages + 1):
        registers[levels * stage // stages] += 1
    return registers


def add_terms(m: Module, terms: Sequence[Term], stages: int, name: str) -> Term:
    """The sum of all lanes, `stages` cycles later.

    A term of n lanes has its value in [-128 n, 128 n - 1], so each level adds one bit.
    """
    levels = (len(terms) - 1).bit_length()
    registers = register_levels(levels, stages)
    row = list(terms)
    for level in range(levels + 1):
        if level:
            bits = ACTIVATION_BITS + level
            row = _add_pairs(m, row, bits, f"{name}_level{level}")
        for _ in range(registers[level]):
            row = [
                Term(
                    _register(m, term.value, f"{name}_level{level}_{i}_reg"),
                    _register(m, term.carry, f"{name}_level{level}_{i}_carry_reg"),
                )
                for i, term in enumerate(row)
            ]
    return row[0]


def _add_pairs(m: Module, row: list[Term], bits: int, name: str) -> list[Term]:
    sums = []
    for i in range(0, len(row) - 1, 2):
        left, right = row[i], row[i + 1]
        total = Signal(signed(bits), name=f"{name}_{i // 2}")
        m.d.comb += total.eq(left.value + right.value + left.carry)
        sums.append(Term(total, right.carry))
    return sums + row[len(sums) * 2 :]


def add_counts(m: Module, counts: Sequence[Value], largest: int, stages: int, name: str) -> Value:
    """The sum of unsigned numbers up to `largest`, `stages` cycles later."""
    levels = (len(counts) - 1).bit_length()
    registers = register_levels(levels, stages)
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


def _register(m: Module, value: Value, name: str) -> Signal:
    register = Signal(value.shape(), name=name, reset_less=True)
    m.d.sync += register.eq(value)
    return register
