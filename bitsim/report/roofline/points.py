"""Roofline: rate of products against products for each DRAM byte.

S. Williams, A. Waterman, D. Patterson, "Roofline: An Insightful Visual Performance Model for
Multicore Architectures", CACM 52(4), 2009.
"""

from __future__ import annotations

from dataclasses import dataclass

from bitsim.program.program import Stage
from bitsim.report import occupancy
from bitsim.report.traffic import moved_bytes
from bitsim.system.log import PhaseRecord
from bitsim.system.result import RunResult


@dataclass(frozen=True)
class Point:
    """Phases of one kind and stage (`stage` None: the whole run, units included)."""

    label: str
    stage: Stage | None
    products: int
    dram_bytes: int
    cycles: int
    products_per_s: float
    roof_per_s: float  # attainable at this point's products per byte

    @property
    def products_per_byte(self) -> float:
        """Arithmetic intensity; padding is not counted as a product."""
        return self.products / self.dram_bytes

    @property
    def roof_share(self) -> float:
        """Share of the attainable rate that was reached; above 1 where weights were prefetched."""
        return self.products_per_s / self.roof_per_s


def attainable(result: RunResult, products_per_byte: float) -> float:
    """Products a second under both roofs: every lane busy, and sustained DRAM bandwidth."""
    memory_per_s = result.accelerator.memory.expected_gb_per_s * 1e9 * products_per_byte
    return min(result.accelerator.peak_products_per_s, memory_per_s)


def points(result: RunResult) -> tuple[Point, ...]:
    """By stage and kind in the order of the network, then the whole run."""
    traffic: dict[tuple[int, str], int] = {}
    for transfer in result.transfers:
        if transfer.stream != "units":
            key = (transfer.pass_index, transfer.name)
            traffic[key] = traffic.get(key, 0) + moved_bytes(transfer)
    stages = {each.index: each.stage for each in result.passes}
    groups: dict[tuple[Stage, str], list[PhaseRecord]] = {}
    for phase in result.phases:
        groups.setdefault((stages[phase.pass_index], occupancy.kind(phase)), []).append(phase)
    found = [
        _point(
            result,
            name,
            stage,
            sum(p.n * p.k * p.m for p in members),
            sum(traffic.get((p.pass_index, p.name), 0) for p in members),
            sum(p.end_cycle - p.start_cycle for p in members),
        )
        for (stage, name), members in groups.items()
    ]
    moved = sum(result.dram_bytes.values())
    found.append(_point(result, "whole run", None, result.products, moved, result.cycles))
    return tuple(point for point in found if point is not None)


def _point(
    result: RunResult, label: str, stage: Stage | None, products: int, dram_bytes: int, cycles: int
) -> Point | None:
    if not (products and dram_bytes and cycles):
        return None  # nothing moved: no place on this chart
    rate = products / cycles * result.accelerator.clock_mhz * 1e6
    roof = attainable(result, products / dram_bytes)
    return Point(label, stage, products, dram_bytes, cycles, rate, roof)
