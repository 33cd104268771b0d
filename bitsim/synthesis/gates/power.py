"""Power of a netlist: energies of its cells by their tables, and charging its nets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from bitsim.synthesis.gates.netlist import ONE, ZERO
from bitsim.synthesis.gates.program import GateProgram
from bitsim.synthesis.gates.transitions import by_kind, loads_ff, pin_nets, transitions
from bitsim.synthesis.liberty.boolean import Expression, holds
from bitsim.synthesis.liberty.cell import Cell, PinEnergy
from bitsim.synthesis.liberty.table import Floats

PARTS = ("clock", "registers", "combinational", "leakage")


@dataclass(frozen=True, eq=False)
class Activity:
    """What switches.

    toggles  (nets,) changes in a cycle; a clock has 2
    ones     (nets,) part of the time at 1
    held     part of the time that a `when` of a cell with a state holds, by (instance, `when`)
    """

    toggles: Floats
    ones: Floats
    held: Mapping[tuple[int, Expression], float]


@dataclass(frozen=True)
class Power:
    """Watts by PARTS.

    clock          charging clock nets, and what flip-flops and clock gates take for its edges
    registers      what else flip-flops take, and charging what they drive
    combinational  gates, and charging what they drive
    leakage        whatever switches
    modules        total by module, of all its copies
    """

    parts: Mapping[str, float]
    modules: Mapping[str, float]

    @property
    def watts(self) -> float:
        """Sum of all parts."""
        return sum(self.parts.values())


def activity_of(
    program: GateProgram,
    toggles: NDArray[np.int64],
    ones: NDArray[np.int64],
    cycles: int,
) -> Activity:
    """From (places,) counts over cycles of all runs together.

    A clock is 1 in half of the runs, so what passes a gate is twice its ones.
    """
    nets = program.netlist.nets
    found = Activity(
        toggles=toggles[:nets] / cycles,
        ones=ones[:nets] / cycles,
        held={key: ones[place] / cycles for key, place in program.probes.items()},
    )
    for net in program.clocks:
        found.toggles[net] = 4 * found.ones[net]
    return found


class PowerModel:
    """Loads and edges of a netlist once, power for any activity."""

    def __init__(self, program: GateProgram) -> None:
        self.program = program
        self.loads = loads_ff(program)
        self.rise, self.fall = transitions(program, self.loads)
        everything = range(len(program.netlist.instances))
        self._kinds = [
            (program.cells[kind], indices)
            for (kind, _), indices in by_kind(program, everything).items()
            if kind in program.cells
        ]

    def power(self, activity: Activity, clock_ns: float) -> Power:
        """What it takes, with this happening in each cycle of `clock_ns`."""
        parts = dict.fromkeys(PARTS, 0.0)
        modules: dict[str, float] = defaultdict(float)
        clocked = np.zeros(self.program.netlist.nets, bool)
        clocked[list(self.program.clocks)] = True
        per_fj = 1e-15 / (clock_ns * 1e-9)
        for cell, indices in self._kinds:
            state = cell.flip_flop is not None or cell.clock_gate is not None
            names = [self.program.netlist.instances[index].module for index in indices]
            for pin, energy_fj in self._switched_fj(cell, indices, activity):
                nets = pin_nets(self.program, indices, pin)
                assert nets is not None
                part = "registers" if state else "combinational"
                of_clock = clocked[nets] & state
                parts["clock"] += float(energy_fj[of_clock].sum()) * per_fj
                parts[part] += float(energy_fj[~of_clock].sum()) * per_fj
                _spread(modules, names, energy_fj * per_fj)
            watts = self._leakage_w(cell, indices, activity)
            parts["leakage"] += float(watts.sum())
            _spread(modules, names, watts)
        outside = self._clock_net_fj(activity) * per_fj
        parts["clock"] += outside
        modules[self.program.netlist.top] += outside
        return Power(parts, dict(modules))

    def _switched_fj(
        self, cell: Cell, indices: Sequence[int], activity: Activity
    ) -> list[tuple[str, Floats]]:
        """(pin, (instances,) fJ a cycle) of each pin that takes something."""
        found = []
        for name, pin in cell.pins.items():
            nets = pin_nets(self.program, indices, name)
            if nets is None:
                continue
            energy = self.internal_fj(cell, indices, name, activity)
            if pin.output:
                energy = energy + 0.5 * self.loads[nets] * cell.volts**2
            found.append((name, energy * activity.toggles[nets]))
        return found

    def internal_fj(
        self, cell: Cell, indices: Sequence[int], name: str, activity: Activity
    ) -> Floats:
        """(instances,) mean fJ inside the cell at a change of a pin.

        An output has changed for one of the reasons that its tables are for, each as probable as
        its input's changes in the state that it is for.
        """
        pin = cell.pins[name]
        total, weights = np.zeros(len(indices)), np.zeros(len(indices))
        plain = np.zeros(len(indices))
        for entry in pin.energies:
            energy = self.table_fj(indices, name, entry)
            weight = self._holds(cell, indices, entry.when, activity)
            if pin.output and entry.related is not None:
                causes = pin_nets(self.program, indices, entry.related)
                weight = weight * (0.0 if causes is None else activity.toggles[causes])
            total += energy * weight
            weights += weight
            plain += energy
        if not pin.output or not pin.energies:
            return total
        mean = plain / len(pin.energies)
        return np.where(weights > 0, total / np.where(weights > 0, weights, 1.0), mean)

    def table_fj(self, indices: Sequence[int], name: str, entry: PinEnergy) -> Floats:
        """(instances,) fJ of one table, the mean of a rising and a falling edge."""
        source = pin_nets(self.program, indices, entry.related or name)
        own = pin_nets(self.program, indices, name)
        if source is None or own is None:
            return np.zeros(len(indices))
        energy = np.zeros(len(indices))
        for table, times in ((entry.rise, self.rise), (entry.fall, self.fall)):
            if table is not None:
                energy += 0.5 * table.at(times[source], self.loads[own])
        return energy

    def _holds(
        self, cell: Cell, indices: Sequence[int], when: Expression | None, activity: Activity
    ) -> Floats:
        """(instances,) part of the time that a state holds."""
        if when is None:
            return np.ones(len(indices))
        if (indices[0], when) in activity.held:
            return np.array([activity.held[index, when] for index in indices])
        return self._apart(indices, when, activity)

    def _apart(self, indices: Sequence[int], when: Expression, activity: Activity) -> Floats:
        """The same, for pins that are independent of each other."""
        pins = sorted(when.pins())
        ones = []
        for name in pins:
            nets = pin_nets(self.program, indices, name)
            ones.append(np.full(len(indices), 0.5) if nets is None else activity.ones[nets])
        total = np.zeros(len(indices))
        for values in product((False, True), repeat=len(pins)):
            if holds(when, dict(zip(pins, values, strict=True))):
                part = np.ones(len(indices))
                for value, one in zip(values, ones, strict=True):
                    part = part * (one if value else 1 - one)
                total += part
        return total

    def _leakage_w(self, cell: Cell, indices: Sequence[int], activity: Activity) -> Floats:
        states = [each for each in cell.leakages if each.when is not None]
        if not states:
            return np.full(len(indices), sum(each.watts for each in cell.leakages))
        watts, covered = np.zeros(len(indices)), np.zeros(len(indices))
        for each in states:
            assert each.when is not None
            part = self._apart(indices, each.when, activity)
            watts += part * each.watts
            covered += part
        rest = sum(each.watts for each in cell.leakages if each.when is None)
        return np.where(covered > 0, watts + np.maximum(0.0, 1 - covered) * rest, rest)

    def _clock_net_fj(self, activity: Activity) -> float:
        """Charging the clock that comes from outside, which no cell drives."""
        net = self.program.netlist.ports["clk"][0]
        volts = max(cell.volts for cell in self.program.cells.values())
        return float(0.5 * self.loads[net] * volts**2 * activity.toggles[net])


def uniform(program: GateProgram, toggles: float) -> Activity:
    """Every net changes that often and is 1 half of the time, clocks in every cycle."""
    nets = program.netlist.nets
    found = Activity(np.full(nets, toggles), np.full(nets, 0.5), {})
    found.toggles[[ZERO, ONE]] = 0.0
    found.ones[[ZERO, ONE]] = 0.0, 1.0
    found.toggles[list(program.clocks)] = 2.0
    return found


def _spread(modules: dict[str, float], names: Sequence[str], watts: Floats) -> None:
    for name, each in zip(names, watts, strict=True):
        modules[name] += float(each)
