"""Power of a synthesised block while it does ternary products."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bitsim.callbacks import Say
from bitsim.errors import BitsimError
from bitsim.spec.array.array import ArraySpec
from bitsim.spec.array.registry import DATAFLOWS
from bitsim.spec.registry import home
from bitsim.synthesis.asic import NETLIST, AsicResult
from bitsim.synthesis.gates.netlist import flatten
from bitsim.synthesis.gates.power import Power, PowerModel, activity_of
from bitsim.synthesis.gates.program import compile_netlist
from bitsim.synthesis.gates.simulation import RUNS, GateSimulation
from bitsim.synthesis.liberty.cell import read_cells
from bitsim.units import PJ_PER_J


class Work(Protocol):
    """Ternary products for a netlist, and their sums.

    weights  (any,)  int8: the weights of the block, padding included
    """

    name: str
    weights: NDArray[np.int8]


class BlockWork(Protocol):
    """What the netlists of a dataflow can be asked to do: the `power` of its registry entry."""

    @property
    def blocks(self) -> tuple[str, ...]:
        """Blocks that there is work for."""
        ...

    def slots(self, spec: Any, block: str) -> int:
        """Lanes of a block: products in one cycle."""
        ...

    def random(self, spec: Any, block: str, zero_fraction: float) -> Iterator[Any]:
        """Random works, `zero_fraction` of their weights 0."""
        ...

    def recorded(self, spec: Any, block: str, trace: Path) -> Iterator[Any]:
        """Works of a recorded trace."""
        ...

    def drive(self, simulation: GateSimulation, spec: Any, block: str, work: Any) -> int:
        """Do a work at the ports; `BitsimError` where a sum is wrong."""
        ...


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
    spec: ArraySpec,
    found: AsicResult,
    works: Iterable[Work],
    clock_ns: float,
    folder: Path,
    note: Say,
) -> list[Replayed]:
    """Simulate the netlist in `folder` for each work; its sums are compared with numpy's."""
    kind = block_work(spec, block)
    top = found.modules[0].module
    netlist = flatten(json.loads((folder / NETLIST).read_text()), top)
    memories = {macro.kind for macro in found.macros}
    kinds = {each.kind for each in netlist.instances} - memories
    program = compile_netlist(netlist, read_cells(found.library.texts, kinds))
    note(f"power: {len(netlist.instances)} cells, {len(program.operations)} operations a cycle")
    model = PowerModel(program)
    done: list[Replayed] = []
    for work in works:
        note(f"power: {work.name}")
        simulation = GateSimulation(program)
        kind.drive(simulation, spec, block, work)
        cycles = simulation.cycles * RUNS
        activity = activity_of(program, simulation.toggles, simulation.ones, cycles)
        switching = np.ones(netlist.nets, bool)
        switching[[0, 1, *program.clocks]] = False
        done.append(
            Replayed(
                work=work.name,
                zero_weights=float((work.weights == 0).mean()),
                cycles=cycles,
                product_slots=kind.slots(spec, block),
                toggles_per_net=float(activity.toggles[switching].mean()),
                clock_ns=clock_ns,
                power=model.power(activity, clock_ns),
            )
        )
    return done


def block_work(spec: ArraySpec, block: str) -> BlockWork:
    """What a block of the array can be asked to do; `BitsimError` if there is no work for it."""
    kind: BlockWork | None = home(DATAFLOWS[spec.dataflow].power)
    blocks = () if kind is None else kind.blocks
    if kind is None or block not in blocks:
        named = " or ".join(f"--block {each}" for each in blocks) or "no block of it"
        raise BitsimError(
            f"--power: work is replayed at the ports of an array or a part of one, not of an "
            f"{block}; name {named}"
        )
    return kind
