"""Ways to add up a column's lanes that were measured and not kept: `measure.py` says by how much.

Each has the signature of `Fabric.add_lanes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.lanes import Lane
from bitsim.gateware.lanes.tree import (
    ACTIVATION_BITS,
    Term,
    add_terms,
    count_flags,
    register_levels,
)
from bitsim.gateware.once import Platform, once


def mux(m: Module, lanes: Sequence[Lane], tree_stages: int, name: str) -> Term:
    """a, -a or 0 by a multiplexer, each with a subtractor of its own."""
    terms = []
    for index, lane in enumerate(lanes):
        value = Signal(signed(ACTIVATION_BITS + 1), name=f"{name}_lane{index}")
        activation = lane.activation.as_signed()
        chosen = Mux(lane.negative, -activation, activation)
        m.d.comb += value.eq(Mux(lane.nonzero, chosen, 0))
        terms.append(Term(value, Const(0, 1)))
    return add_terms(m, terms, tree_stages, name)


def carry_save(m: Module, lanes: Sequence[Lane], tree_stages: int, name: str) -> Term:
    """Full adders, round by round, until two rows are left; one adder with a carry chain.

    A sign bit counts as 128 less: it goes in inverted, and 128 a lane are taken off at the end.
    """
    bits = ACTIVATION_BITS + (len(lanes) - 1).bit_length()
    columns: list[list[Value]] = [[] for _ in range(bits + 1)]
    for lane in lanes:
        for bit in range(ACTIVATION_BITS):
            selected = (lane.activation[bit] ^ lane.negative) & lane.nonzero
            columns[bit].append(~selected if bit == ACTIVATION_BITS - 1 else selected)
        columns[0].append(lane.negative)
    for bit in range(bits + 1):
        if -128 * len(lanes) >> bit & 1:
            columns[bit].append(Const(1, 1))
    rounds = _rounds(columns)
    registers = register_levels(rounds + 1, tree_stages)
    for number in range(rounds):
        if number:
            columns = _full_adders(m, columns, f"{name}_round{number}")
        columns = _registered(m, columns, registers[number], f"{name}_round{number}")
    columns = _full_adders(m, columns, f"{name}_round{rounds}")
    columns = _registered(m, columns, registers[rounds], f"{name}_round{rounds}")
    rows = [Cat(column[row] if row < len(column) else Const(0, 1) for column in columns)
            for row in (0, 1)]  # fmt: skip
    total = Signal(signed(bits + 1), name=f"{name}_total")
    m.d.comb += total.eq(rows[0] + rows[1])
    value: Value = total
    for index in range(registers[rounds + 1]):
        register = Signal(signed(bits + 1), name=f"{name}_reg{index}", reset_less=True)
        m.d.sync += register.eq(value)
        value = register
    return Term(value, Const(0, 1))


def _full_adders(m: Module, columns: list[list[Value]], name: str) -> list[list[Value]]:
    after: list[list[Value]] = [[] for _ in columns]
    for weight, bits in enumerate(columns):
        threes = len(bits) // 3
        for i in range(threes):
            a, b, c = bits[3 * i : 3 * i + 3]
            one, two = (Signal(name=f"{name}_{weight}_{i}_{kind}") for kind in ("sum", "carry"))
            m.d.comb += [one.eq(a ^ b ^ c), two.eq((a & b) | (c & (a | b)))]
            after[weight].append(one)
            if weight + 1 < len(columns):
                after[weight + 1].append(two)
        after[weight] += bits[3 * threes :]
    return after


def _rounds(columns: list[list[Value]]) -> int:
    heights, rounds = [len(column) for column in columns], 0
    while max(heights) > 2:
        threes = [height // 3 for height in heights]
        heights = [
            height - 2 * three + carried
            for height, three, carried in zip(heights, threes, [0, *threes[:-1]], strict=True)
        ]
        rounds += 1
    return rounds


def _registered(m: Module, columns: list[list[Value]], stages: int, name: str) -> list[list[Value]]:
    for stage in range(stages):
        held = Signal(sum(map(len, columns)), name=f"{name}_reg{stage}", reset_less=True)
        m.d.sync += held.eq(Cat(columns))
        bits: Iterator[Value] = iter(held)
        columns = [[next(bits) for _ in column] for column in columns]
    return columns


def bit_planes(m: Module, lanes: Sequence[Lane], tree_stages: int, name: str) -> Term:
    """For each bit of the activations the number of lanes that have it, and those shifted."""
    before = tree_stages // 2
    planes = []
    for bit in range(ACTIVATION_BITS):
        flags = [(lane.activation[bit] ^ lane.negative) & lane.nonzero for lane in lanes]
        plane = Signal(range(len(lanes) + 1), name=f"{name}_plane{bit}")
        m.d.comb += plane.eq(count_flags(m, flags, before, f"{name}_plane{bit}"))
        planes.append(plane)
    negatives = Signal(range(len(lanes) + 1), name=f"{name}_negatives")
    m.d.comb += negatives.eq(
        count_flags(m, [lane.negative for lane in lanes], before, f"{name}_negatives")
    )
    terms = []
    for bit, plane in enumerate(planes):
        shifted = Signal(signed(bit + len(plane) + 1), name=f"{name}_shifted{bit}")
        wide = plane << bit
        m.d.comb += shifted.eq(-wide if bit == ACTIVATION_BITS - 1 else wide)
        terms.append(Term(shifted, Const(0, 1)))
    last = Signal(signed(len(negatives) + 1), name=f"{name}_corrected")
    m.d.comb += last.eq(negatives)
    return add_terms(m, [Term(last, Const(0, 1)), *terms], tree_stages - before, f"{name}_planes")


class Table(wiring.Component):
    """All sums of some activations, up to the sign: an array has it once for all columns."""

    clocked = False

    def __init__(self, lanes: int) -> None:
        self.module = f"table{lanes}"
        self.lanes = lanes
        self.entries = list(entries(lanes))
        bits = ACTIVATION_BITS + (lanes - 1).bit_length()
        super().__init__(
            {
                "activation": In(signed(ACTIVATION_BITS)).array(lanes),
                "entry": Out(signed(bits)).array(len(self.entries)),
            }
        )

    @once
    def elaborate(self, platform: Platform | None) -> Module:
        m = Module()
        for number, weights in enumerate(self.entries):
            total: Value = Const(0)
            for lane, weight in enumerate(weights):
                if weight:
                    activation = self.activation[lane]
                    total = total + activation if weight > 0 else total - activation
            m.d.comb += self.entry[number].eq(total)
        return m


def entries(lanes: int) -> Iterator[tuple[int, ...]]:
    """Weights of which the first that is not 0 is 1."""
    for weights in product((-1, 0, 1), repeat=lanes):
        if next((weight for weight in weights if weight), 0) == 1:
            yield weights


def table(size: int, m: Module, lanes: Sequence[Lane], tree_stages: int, name: str) -> Term:
    """Choose among the sums of `size` activations, complement."""
    terms = []
    for first in range(0, len(lanes), size):
        group = lanes[first : first + size]
        m.submodules[f"{name}_t{first}"] = made = Table(len(group))
        for index, lane in enumerate(group):
            m.d.comb += made.activation[index].eq(lane.activation)
        magnitude = Signal(made.entry[0].shape(), name=f"{name}_magnitude{first}")
        sign = Signal(name=f"{name}_sign{first}")
        for lane in reversed(group):
            sign_before = sign
            sign = Signal(name=f"{name}_sign{first}_{len(terms)}_{id(lane)}")
            m.d.comb += sign.eq(Mux(lane.nonzero, lane.negative, sign_before))
        codes = Cat(Cat(lane.nonzero, lane.nonzero & (lane.negative ^ sign)) for lane in group)
        with m.Switch(codes):
            for number, weights in enumerate(entries(len(group))):
                code = sum((abs(w) | (w < 0) << 1) << 2 * i for i, w in enumerate(weights))
                with m.Case(code):
                    m.d.comb += magnitude.eq(made.entry[number])
        value = Signal(magnitude.shape(), name=f"{name}_value{first}")
        m.d.comb += value.eq(magnitude ^ sign.replicate(len(magnitude)))
        terms.append(Term(value, sign))
    return add_terms(m, terms, tree_stages, name)
