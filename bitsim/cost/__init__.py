"""Joules and square millimetres: counts times figures, every figure with its source."""

from bitsim.cost.account import NOT_MODELLED, area, energy
from bitsim.cost.part import Part
from bitsim.cost.usage import Usage

__all__ = ["NOT_MODELLED", "Part", "Usage", "area", "energy"]
