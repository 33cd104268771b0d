"""Loads of a netlist's nets, and how steep the edges on them are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bitsim.synthesis.gates.program import GateProgram
from bitsim.synthesis.liberty.cell import Arc, Cell
from bitsim.synthesis.liberty.table import Floats

Nets = NDArray[np.int64]


def loads_ff(program: GateProgram) -> Floats:
    """(nets,) capacitance of the inputs on each; no wires."""
    loads = np.zeros(program.netlist.nets)
    for each in program.netlist.instances:
        cell = program.cells.get(each.kind)
        if cell is None:
            continue
        for name, nets in each.pins.items():
            if nets and name in cell.pins and not cell.pins[name].output:
                loads[nets[0]] += cell.pins[name].capacitance_ff
    return loads


def transitions(program: GateProgram, loads: Floats) -> tuple[Floats, Floats]:
    """(nets,) times of rising and of falling edges, ps.

    The slowest cause of each; ports and clocks have edges that take no time.
    """
    rise, fall = np.zeros(program.netlist.nets), np.zeros(program.netlist.nets)
    for kind, indices in _by_level(program):
        cell = program.cells[kind]
        for name, pin in cell.pins.items():
            out = pin_nets(program, indices, name)
            if not pin.output or out is None:
                continue
            for arc in pin.arcs:
                if cell.flip_flop is not None and arc.related != cell.flip_flop.clock:
                    continue
                source = pin_nets(program, indices, arc.related)
                if source is not None:
                    _slower(arc, rise, fall, source, out, loads)
    clocks = list(program.clocks)
    rise[clocks] = fall[clocks] = 0.0
    return rise, fall


def _slower(arc: Arc, rise: Floats, fall: Floats, source: Nets, out: Nets, loads: Floats) -> None:
    causes = {
        "positive": ((rise,), (fall,)),
        "negative": ((fall,), (rise,)),
        "both": ((rise, fall), (rise, fall)),
    }[arc.sense]
    for table, result, inputs in ((arc.rise, rise, causes[0]), (arc.fall, fall, causes[1])):
        if table is not None:
            for times in inputs:
                found = table.at(times[source], loads[out])
                result[out] = np.maximum(result[out], found)


def pin_nets(program: GateProgram, indices: Sequence[int], pin: str) -> Nets | None:
    """(instances,) nets of a pin of instances of one kind; None: not connected."""
    nets = [program.netlist.instances[index].pins.get(pin, ()) for index in indices]
    if not nets or not all(nets):
        return None
    return np.array([each[0] for each in nets], np.int64)


def by_kind(
    program: GateProgram, indices: Iterable[int]
) -> dict[tuple[str, frozenset[str]], list[int]]:
    """Instances by their cell, and by which of its pins are connected."""
    found: dict[tuple[str, frozenset[str]], list[int]] = defaultdict(list)
    for index in indices:
        each = program.netlist.instances[index]
        found[each.kind, frozenset(name for name, nets in each.pins.items() if nets)].append(index)
    return found


def _by_level(program: GateProgram) -> list[tuple[str, list[int]]]:
    """(kind, instances), such that what drives an instance comes before it."""
    instances, cells = program.netlist.instances, program.cells
    stateful = [i for i, each in enumerate(instances) if _holds(cells.get(each.kind))]
    levels: dict[int, list[int]] = {0: stateful}
    depth: dict[int, int] = {}
    for index in program.order:
        each, cell = instances[index], cells[instances[index].kind]
        level = 1
        for name, nets in each.pins.items():
            if nets and name in cell.pins and not cell.pins[name].output:
                level = max(level, depth.get(nets[0], 0) + 1)
        for name, nets in each.pins.items():
            if nets and name in cell.pins and cell.pins[name].output:
                depth[nets[0]] = level
        levels.setdefault(level, []).append(index)
    return [
        (kind, members)
        for _, row in sorted(levels.items())
        for (kind, _), members in by_kind(program, row).items()
    ]


def _holds(cell: Cell | None) -> bool:
    return cell is not None and (cell.flip_flop is not None or cell.clock_gate is not None)
