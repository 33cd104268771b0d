"""One comparison: a machine, its work, the world around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bitsim.spec.array.array import ArraySpec
from bitsim.trace.job import Job, Schedules


@dataclass(frozen=True, eq=False)
class Case:
    """What array, Verilog and numpy are each given.

    name   unique within one check
    again  how to make the same case again, for a person
    """

    name: str
    spec: ArraySpec
    jobs: Sequence[Job]
    schedules: Schedules
    again: str


def reproduction(case: Case) -> str:
    """TOML: the array, the shapes, and where the numbers come from."""
    lines = [f"# {case.name}: {case.again}", "[array]"]
    lines += [f"{field} = {toml_value(value)}" for field, value in case.spec.model_dump().items()]
    for job in case.jobs:
        phase = job.phase
        lines += ["", "[[phase]]", f"name = {toml_value(phase.name)}"]
        lines += [f"{field} = {getattr(phase, field)}" for field in ("n", "k", "m")]
    return "\n".join(lines) + "\n"


def toml_value(value: int | str) -> str:
    """A plain value as TOML writes it."""
    return f'"{value}"' if isinstance(value, str) else str(value)
