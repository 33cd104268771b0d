"""What operations cost in one technology: every figure with its source."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from bitsim.spec.base import ShownName, Spec


class Figure(Spec):
    """One number, where it is from, and whether it is an estimate rather than a measurement."""

    value: NonNegativeFloat
    source: Annotated[str, Field(min_length=8)]
    estimate: bool = False


class SramPoint(Spec):
    """Energy of one access to a macro of a given capacity."""

    capacity_bytes: PositiveInt
    access_bits: PositiveInt
    access_pj: PositiveFloat
    source: Annotated[str, Field(min_length=8)]


class TechnologySpec(Spec):
    """Energies in pJ, areas in um2. A figure that is asked for and missing is an error."""

    name: ShownName
    note: str = ""
    node_nm: PositiveFloat
    figures: dict[str, Figure]  # "int8_add_pj", "int32_add_pj", "int8_add_um2", ...
    sram: tuple[SramPoint, ...] = Field(min_length=1)
    dram_pj_per_bit: dict[str, Figure]  # by the name that a memory gives in `dram`
