"""Modules that are written once, however often they are placed."""

from __future__ import annotations

import re

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.emit.verilog import emit, emit_part
from bitsim.gateware.once import Platform, once
from bitsim.spec.accelerator import AcceleratorSpec


class Shift(wiring.Component):
    """A bit or two further up, without a clock."""

    module = "shift"
    clocked = False

    def __init__(self, places: int) -> None:
        self.places = places
        super().__init__({"given": In(4), "shifted": Out(4)})

    @once
    def elaborate(self, platform: Platform | None) -> Module:
        m = Module()
        m.d.comb += self.shifted.eq(self.given << self.places)
        return m


class Chain(wiring.Component):
    """One shift after the other."""

    def __init__(self, *places: int) -> None:
        self.places = places
        super().__init__({"given": In(4), "shifted": Out(4)})

    def elaborate(self, platform: Platform | None) -> Module:
        m = Module()
        value = self.given
        for index, places in enumerate(self.places):
            m.submodules[f"shift_{index}"] = shift = Shift(places)
            m.d.comb += shift.given.eq(value)
            value = shift.shifted
        m.d.comb += self.shifted.eq(value)
        return m


def test_a_column_is_written_once_and_placed_for_each(small: AcceleratorSpec) -> None:
    text = emit(small)
    assert len(re.findall(rf"^module {small.name}_column\s?\(", text, re.MULTILINE)) == 1
    placed = re.findall(rf"^  {small.name}_column column_(\d+) \(", text, re.MULTILINE)
    assert sorted(map(int, placed)) == list(range(small.array.columns))


def test_wires_at_an_instance_carry_its_name_and_ports_of_the_module_do_not() -> None:
    text = emit_part("chain", Chain(1, 1))
    below = text[text.index("module chain_shift(") :]
    assert re.findall(r"^  (input|output) \[3:0\] (\w+);$", below, re.MULTILINE) == [
        ("input", "given"),
        ("output", "shifted"),
    ]
    top = text[: text.index("module chain_shift(")]
    assert re.findall(r"^  wire \[3:0\] (shift_\w+);$", top, re.MULTILINE) == [
        f"shift_{index}__{port}" for index in (0, 1) for port in ("given", "shifted")
    ]


def test_two_parts_that_differ_are_not_written_under_one_name() -> None:
    with pytest.raises(AssertionError, match="chain_shift would be two modules"):
        emit_part("chain", Chain(1, 2))
