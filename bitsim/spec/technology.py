"""What operations cost in one technology: every figure with its source."""

from __future__ import annotations

import difflib
from typing import Annotated, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from bitsim.errors import shown
from bitsim.spec.base import ShownName, Spec
from bitsim.spec.figures import FIGURES

_SOURCE = "paper and section, datasheet page, or the command that measured it"


class Figure(Spec):
    """One number, where it is from, and whether it is an estimate rather than a measurement."""

    value: NonNegativeFloat = Field(description="the figure, in the unit that its name ends with")
    source: Annotated[str, Field(min_length=8)] = Field(description=_SOURCE)
    estimate: bool = Field(False, description="true: an estimate rather than a measurement")


class SramPoint(Spec):
    """Energy of one access to a macro of a given capacity."""

    capacity_bytes: PositiveInt = Field(description="bytes of the macro")
    access_bits: PositiveInt = Field(description="bits that one access moves")
    access_pj: PositiveFloat = Field(description="energy of one access")
    source: Annotated[str, Field(min_length=8)] = Field(description=_SOURCE)


class TechnologySpec(Spec):
    """Energies in pJ, areas in um2. A figure that is asked for and missing is an error."""

    name: ShownName = Field(description="of the technology")
    note: str = Field(
        "", description="for people: what the figures are of, and what they leave out"
    )
    node_nm: PositiveFloat = Field(description="name of the process node")
    figures: dict[str, Figure] = Field(
        description="by name, which ends with the unit: int8_add_pj, int8_add_um2"
    )
    sram: tuple[SramPoint, ...] = Field(
        min_length=1, description="macros of several capacities; between them is interpolated"
    )
    dram_pj_per_bit: dict[str, Figure] = Field(
        description="energy of a bit, by the name that a memory gives in `dram`"
    )

    @model_validator(mode="after")
    def _figures_are_known(self) -> Self:
        known = [kind.name for kind in FIGURES]
        faults = []
        for name in self.figures:
            if name not in known:
                near = difflib.get_close_matches(name[:80], known, 1)
                hint = f"did you mean '{near[0]}'?" if near else f"one of: {', '.join(known)}"
                faults.append(f"figures.{shown(name)}: no cost model asks for it; {hint}")
        if faults:
            raise ValueError("; ".join(faults))
        return self
