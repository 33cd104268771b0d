"""Power of a synthesised block while it does ternary products."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bitsim.errors import BitsimError
from bitsim.spec.array.dot import DotSpec
from bitsim.synthesis.asic import NETLIST, AsicResult
from bitsim.synthesis.gates.drive import drive_array, drive_column
from bitsim.synthesis.gates.netlist import flatten
from bitsim.synthesis.gates.power import Power, PowerModel, activity_of
from bitsim.synthesis.gates.program import compile_netlist
from bitsim.synthesis.gates.simulation import RUNS, GateSimulation
from bitsim.synthesis.gates.work import GateWork
from bitsim.synthesis.liberty.cell import read_cells
from bitsim.units import PJ_PER_J

REPLAYED_BLOCKS = ("array", "column")


@dataclass(frozen=True)
class Replayed:
    """What one piece of work takes, in cycles in which every stage works.

    zero_weights         part of the weights that are 0, padding included
    cycles               that were counted, of all runs together
    product_slots        lanes of the block: products in one cycle
    toggles_per_net      mean changes of a net in a cycle, clocks left out
    pj_per_product       energy of a cycle over its lanes, products with weight 0 included
    """

    work: str
    zero_weights: float
    cycles: int
    product_slots: int
    toggles_per_net: float
    clock_ns: float
    power: Power

    @property
    def pj_per_product(self) -> float:
        """Of the block alone: no memory that is not in its cells."""
        return self.power.watts * self.clock_ns * 1e-9 * PJ_PER_J / self.product_slots


def replay(
    block: str,
    spec: DotSpec,
    found: AsicResult,
    works: Iterable[GateWork],
    clock_ns: float,
    folder: Path,
    note: Callable[[str], None],
) -> list[Replayed]:
    """Simulate the netlist in `folder` for each work; its sums are compared with numpy's."""
    check_block(block)
    columns = 1 if block == "column" else spec.columns
    top = found.modules[0].module
    netlist = flatten(json.loads((folder / NETLIST).read_text()), top)
    memories = {macro.kind for macro in found.macros}
    kinds = {each.kind for each in netlist.instances} - memories
    program = compile_netlist(netlist, read_cells(found.library.texts, kinds))
    note(f"power: {len(netlist.instances)} cells, {len(program.operations)} operations a cycle")
    model = PowerModel(program)
    drive = drive_column if block == "column" else drive_array
    done: list[Replayed] = []
    for work in works:
        note(f"power: {work.name}")
        simulation = GateSimulation(program)
        drive(simulation, spec, work)
        cycles = simulation.cycles * RUNS
        activity = activity_of(program, simulation.toggles, simulation.ones, cycles)
        switching = np.ones(netlist.nets, bool)
        switching[[0, 1, *program.clocks]] = False
        done.append(
            Replayed(
                work=work.name,
                zero_weights=float((work.weights == 0).mean()),
                cycles=cycles,
                product_slots=columns * spec.lanes * spec.slices,
                toggles_per_net=float(activity.toggles[switching].mean()),
                clock_ns=clock_ns,
                power=model.power(activity, clock_ns),
            )
        )
    return done


def check_block(block: str) -> None:
    """`BitsimError` for a block that there is no work for."""
    if block not in REPLAYED_BLOCKS:
        raise BitsimError(
            f"--power: work is replayed at the ports of an array or a column, not of an "
            f"{block}; name --block array or --block column"
        )
