"""A netlist as a list of logic operations in an order in which each has its operands.

Values are 64-bit words: 64 independent runs of the same netlist side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from bitsim.errors import BitsimError
from bitsim.synthesis.gates.netlist import ONE, ZERO, Instance, Netlist
from bitsim.synthesis.liberty.boolean import Expression, holds
from bitsim.synthesis.liberty.cell import Cell

COPY, NOT, AND, OR, XOR = range(5)
_OPERATORS = {"and": AND, "or": OR, "xor": XOR}


@dataclass(frozen=True, eq=False)
class Register:
    """A flip-flop: what its state becomes, where it is kept, and whether its clock comes."""

    next_state: int
    state: int
    enable: int


@dataclass(eq=False)
class GateProgram:
    """Operations over places; nets are the first places, then states and what is in between.

    order    instances of cells without a state, inputs before outputs
    gates    clock gates: (instance, place of what lets the clock through)
    clocks   nets that are a clock: 1 in half of the runs, so that a `when` sees both halves
    probes   places of the `when` of instances with a state, by (index of the instance, `when`)
    """

    netlist: Netlist
    cells: Mapping[str, Cell]
    places: int = 0
    operations: list[tuple[int, int, int, int]] = field(default_factory=list)
    registers: list[Register] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    gates: dict[int, int] = field(default_factory=dict)
    clocks: set[int] = field(default_factory=set)
    probes: dict[tuple[int, Expression], int] = field(default_factory=dict)
    settled: int = 0  # operations from here on are probes

    def table(self) -> NDArray[np.int32]:
        """(operations, 4) int32: what, two operands, result."""
        return np.array(self.operations, np.int32).reshape(-1, 4)

    def place(self) -> int:
        """A new one."""
        self.places += 1
        return self.places - 1

    def add(self, expression: Expression, pins: Mapping[str, int], to: int | None) -> int:
        """Operations of an expression; returns where its value is."""
        if expression.operator in ("pin", "0", "1"):
            if expression.operator == "pin":
                if expression.name not in pins:
                    raise BitsimError(
                        f"--liberty: a function or a state of a cell names {expression.name}, "
                        f"which is no pin of it; correct the file"
                    )
                source = pins[expression.name]
            else:
                source = ONE if expression.operator == "1" else ZERO
            if to is None:
                return source
            self.operations.append((COPY, source, source, to))
            return to
        operands = [self.add(each, pins, None) for each in expression.operands]
        target = self.place() if to is None else to
        kind = _OPERATORS.get(expression.operator, NOT)
        self.operations.append((kind, operands[0], operands[-1], target))
        return target


def compile_netlist(netlist: Netlist, cells: Mapping[str, Cell]) -> GateProgram:
    """The program, without the memories."""
    program = GateProgram(netlist, cells, places=netlist.nets)
    program.clocks.add(netlist.ports["clk"][0])
    known = [
        (index, each, cells[each.kind])
        for index, each in enumerate(netlist.instances)
        if each.kind in cells
    ]
    states = {index: program.place() for index, _, cell in known if cell.flip_flop is not None}
    for _, each, cell in known:
        if cell.clock_gate is not None:
            if _net(each, cell.clock_gate.clock) not in program.clocks:
                raise BitsimError(f"--power: {each.module}: a gated clock is gated again")
            program.clocks.add(_net(each, cell.clock_gate.output))
    for index, each, cell in known:
        if cell.flip_flop is not None:
            _outputs_of_state(program, each, cell, states[index])
    program.order = _order(known, states)
    for index in program.order:
        each = netlist.instances[index]
        pins = {name: _net(each, name) for name in cells[each.kind].pins}
        for name, pin in cells[each.kind].pins.items():
            if pin.output and each.pins.get(name) and pin.function is not None:
                program.add(pin.function, pins, pins[name])
    _registers(program, known, states)
    program.settled = len(program.operations)
    _probes(program, known, states)
    return program


def _net(instance: Instance, pin: str) -> int:
    nets = instance.pins.get(pin, ())
    return nets[0] if nets else ZERO


def _order(known: Sequence[tuple[int, Instance, Cell]], states: Mapping[int, int]) -> list[int]:
    drivers: dict[int, int] = {}
    plain = [
        (index, each, cell)
        for index, each, cell in known
        if index not in states and cell.clock_gate is None
    ]
    for index, each, cell in plain:
        for name, pin in cell.pins.items():
            if pin.output:
                if pin.function is None and each.pins.get(name):
                    raise BitsimError(
                        f"--power: {each.kind}: no function for {name}; only gates, flip-flops "
                        f"and clock gates can be simulated"
                    )
                drivers.update((net, index) for net in each.pins.get(name, ()))
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for index, each, cell in plain:
        inputs = (each.pins.get(name, ()) for name, pin in cell.pins.items() if not pin.output)
        sorter.add(index, *(drivers[net] for nets in inputs for net in nets if net in drivers))
    try:
        return list(sorter.static_order())
    except CycleError:
        raise BitsimError("--power: the netlist has a loop of gates; see its log") from None


def _named_states(cell: Cell, state: int, program: GateProgram) -> dict[str, int]:
    """Places of IQ and IQN."""
    assert cell.flip_flop is not None
    inverse = program.place()
    program.operations.append((NOT, state, state, inverse))
    return {cell.flip_flop.state: state, cell.flip_flop.inverse: inverse}


def _outputs_of_state(program: GateProgram, each: Instance, cell: Cell, state: int) -> None:
    names = {name: _net(each, name) for name in cell.pins}
    names |= _named_states(cell, state, program)
    for name, pin in cell.pins.items():
        if pin.output and pin.function is not None and each.pins.get(name):
            program.add(pin.function, names, each.pins[name][0])


def _registers(
    program: GateProgram,
    known: Sequence[tuple[int, Instance, Cell]],
    states: Mapping[int, int],
) -> None:
    enables = {program.netlist.ports["clk"][0]: ONE}
    for index, each, cell in known:
        if cell.clock_gate is not None:
            pins = {name: _net(each, name) for name in cell.pins}
            enable = program.add(cell.clock_gate.enable, pins, None)
            clock, gated = pins[cell.clock_gate.clock], pins[cell.clock_gate.output]
            program.operations.append((AND, clock, enable, gated))
            program.gates[index] = enables[gated] = enable
    for index, each, cell in known:
        flip_flop = cell.flip_flop
        if flip_flop is None:
            continue
        pins = {name: _net(each, name) for name in cell.pins}
        clock = pins[flip_flop.clock]
        for force in flip_flop.forces:
            tied = {name: pins.get(name) == ONE for name in force.pins()}
            if any(pins.get(name) not in (ZERO, ONE) for name in tied) or holds(force, tied):
                raise BitsimError(f"--power: {each.module}: a flip-flop with a reset of its own")
        if clock not in enables:
            raise BitsimError(f"--power: {each.module}: a flip-flop whose clock is not clk")
        names = {flip_flop.state: states[index], **pins}
        following = program.place()  # apart from a net, which the state's edge would change
        program.add(flip_flop.next_state, names, following)
        program.registers.append(Register(following, states[index], enables[clock]))


def _probes(
    program: GateProgram,
    known: Sequence[tuple[int, Instance, Cell]],
    states: Mapping[int, int],
) -> None:
    """The `when` of flip-flops' energies: data and state are far from independent in them."""
    for index, each, cell in known:
        if index not in states and index not in program.gates:
            continue
        pins = {name: _net(each, name) for name in cell.pins}
        for pin in cell.pins.values():
            for energy in pin.energies:
                when = energy.when
                if when is None or (index, when) in program.probes:
                    continue
                if not all(name in pins for name in when.pins()):
                    continue
                program.probes[index, when] = program.add(when, pins, program.place())
