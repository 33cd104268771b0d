"""One comparison of whole accelerators: a machine with its bus, lists, the memory around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bitsim.agreement.arrays.case import toml_value
from bitsim.spec.link.axi4 import BusLayout, ListEntry
from bitsim.trace.job import Job
from bitsim.trace.world import ReadWorld, World, WriteWorld


@dataclass(frozen=True, eq=False)
class ListWork:
    """One list: products with their numbers, and the entry of each."""

    jobs: Sequence[Job]
    entries: Sequence[ListEntry]


@dataclass(frozen=True, eq=False)
class TopCase:
    """What cycle model, Verilog and numpy are each given.

    name   unique within one check
    lists  run one after the other, without a reset in between
    again  how to make the same case again, for a person
    """

    name: str
    layout: BusLayout
    lists: Sequence[ListWork]
    world: World
    again: str

    @property
    def jobs(self) -> list[Job]:
        """Of all lists, in order."""
        return [job for each in self.lists for job in each.jobs]


def reproduction(case: TopCase) -> str:
    """TOML: array and bus, the lists, the memory, and where the numbers come from."""
    lines = [f"# {case.name}: {case.again}"]
    array, bus = case.layout.array, case.layout.bus
    for title, spec in (("array", array), ("bus", bus), ("bus.results", bus.results)):
        if spec is not None:
            fields = spec.model_dump(exclude={"results"}).items()
            lines += ["", f"[{title}]"]
            lines += [f"{field} = {toml_value(value)}" for field, value in fields]
    for each in case.lists:
        lines += ["", "[[list]]"]
        for job, entry in zip(each.jobs, each.entries, strict=True):
            phase = job.phase
            lines += ["", "[[list.phase]]", f"name = {toml_value(phase.name)}"]
            lines += [f"{field} = {getattr(phase, field)}" for field in ("n", "k", "m")]
            lines += [f"{field} = {value}" for field, value in vars(entry).items()]
    ports: dict[str, ReadWorld | WriteWorld] = {
        f"weights_{port}": memory for port, memory in enumerate(case.world.weights)
    }
    ports |= {"activations": case.world.activations, "results": case.world.results}
    for name, memory in ports.items():
        lines += ["", f"[world.{name}]"]
        for field, value in vars(memory).items():
            plain = value.tolist() if isinstance(value, np.ndarray) else value
            lines.append(f"{field} = {plain}")
    lines += ["", "[world.errors]"]
    lines += [f"{port} = {number}" for port, number in case.world.errors.items()]
    return "\n".join(lines) + "\n"
