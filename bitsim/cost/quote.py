"""Looks up figures of a technology and remembers which were used for a part."""

from __future__ import annotations

import math
from itertools import pairwise

from bitsim.cost.part import Part
from bitsim.errors import BitsimError
from bitsim.spec.technology import Figure, TechnologySpec
from bitsim.units import PJ_PER_J, UM2_PER_MM2


class Quote:
    """One part's account: every figure comes through here, so its source cannot be lost."""

    def __init__(self, technology: TechnologySpec, name: str) -> None:
        self._technology = technology
        self._name = name
        self._sources: dict[str, None] = {}
        self._estimate = False

    def figure(self, name: str) -> float:
        """A figure by its name; `BitsimError` if the technology has none."""
        figures = self._technology.figures
        if name not in figures:
            raise BitsimError(
                f"technology {self._technology.name}: figures.{name}: missing, and the account of "
                f"'{self._name}' needs it; add [figures.{name}] with value and source to the "
                f"technology's file, or name another technology"
            )
        return self._use(figures[name])

    def dram_pj_per_bit(self, dram: str) -> float:
        """Energy of a bit moved to or from a kind of DRAM."""
        kinds = self._technology.dram_pj_per_bit
        if dram not in kinds:
            raise BitsimError(
                f"technology {self._technology.name}: dram_pj_per_bit.{dram}: missing, and the "
                f"accelerator's memory.dram names it; add it with value and source, or name one of "
                f"{', '.join(sorted(kinds))}"
            )
        return self._use(kinds[dram])

    def sram_pj_per_bit(self, capacity_bytes: int) -> float:
        """Energy of a bit read from or written to an SRAM of this capacity.

        Between the technology's points, log(energy) is linear in log(capacity). Below the smallest
        point its energy is taken: an upper bound, marked as an estimate. Above the largest point a
        capacity is refused.
        """
        points = sorted(self._technology.sram, key=lambda point: point.capacity_bytes)
        if capacity_bytes > points[-1].capacity_bytes:
            raise BitsimError(
                f"technology {self._technology.name}: sram: largest macro is "
                f"{points[-1].capacity_bytes} bytes, '{self._name}' has {capacity_bytes}; add a "
                f"larger [[sram]] point with its source, or make the buffer smaller"
            )
        self._add_source(points[0].source)
        if capacity_bytes <= points[0].capacity_bytes:
            self._estimate = self._estimate or capacity_bytes < points[0].capacity_bytes
            return points[0].access_pj / points[0].access_bits
        low, high = next(
            pair for pair in pairwise(points) if capacity_bytes <= pair[1].capacity_bytes
        )
        self._add_source(high.source)
        low_pj, high_pj = low.access_pj / low.access_bits, high.access_pj / high.access_bits
        place = math.log(capacity_bytes / low.capacity_bytes) / math.log(
            high.capacity_bytes / low.capacity_bytes
        )
        return low_pj * (high_pj / low_pj) ** place

    def estimated(self, source: str) -> None:
        """Mark the part as an estimate: a step of its formula has no figure."""
        self._add_source(source)
        self._estimate = True

    def joules(self, pj: float, how: str) -> Part:
        """The part, in J."""
        return self._part(pj / PJ_PER_J, how)

    def mm2(self, um2: float, how: str) -> Part:
        """The part, in mm2."""
        return self._part(um2 / UM2_PER_MM2, how)

    def _part(self, value: float, how: str) -> Part:
        return Part(self._name, value, how, tuple(self._sources), self._estimate)

    def _use(self, figure: Figure) -> float:
        self._add_source(figure.source)
        self._estimate = self._estimate or figure.estimate
        return figure.value

    def _add_source(self, source: str) -> None:
        self._sources[source] = None
