"""DRAM traffic as rates and shares."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from bitsim.report.numbers import ratio
from bitsim.system.log import PhaseRecord, TransferRecord, WorkRecord
from bitsim.system.result import RunResult
from bitsim.units import bytes_per_cycle

Span = tuple[int, int]


def moved_bytes(transfer: TransferRecord) -> int:
    """Both directions."""
    return transfer.read_bytes + transfer.written_bytes


def gb_per_s(result: RunResult) -> float:
    """Mean over the run."""
    return sum(result.dram_bytes.values()) / result.seconds / 1e9


def bus_share(result: RunResult) -> float:
    """Bytes moved over what the bus could have moved at its peak in all cycles."""
    peak = bytes_per_cycle(result.accelerator.memory.most_gb_per_s, result.accelerator.clock_mhz)
    return sum(result.dram_bytes.values()) / (peak * result.cycles)


def stream_spans(result: RunResult, stream: str) -> list[Span]:
    """Cycles in which a stream was under way, joined where transfers overlap."""
    return joined((t.start_cycle, t.end_cycle) for t in result.transfers if t.stream == stream)


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same cycles as sorted spans that do not touch."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif end > start:
            found.append((start, end))
    return found


def length(spans: Iterable[Span]) -> int:
    """Cycles of spans that do not overlap."""
    return sum(end - start for start, end in spans)


def gb_per_s_during(result: RunResult, records: Iterable[PhaseRecord | WorkRecord]) -> float:
    """DRAM rate while these records ran, each transfer's bytes spread evenly over its time."""
    spans = joined((r.start_cycle, r.end_cycle) for r in records)
    starts = [start for start, _ in spans]
    before = [0]
    for start, end in spans:
        before.append(before[-1] + end - start)

    def covered(cycle: int) -> int:
        index = bisect_right(starts, cycle)
        over = max(0, spans[index - 1][1] - cycle) if index else 0
        return before[index] - over

    moved = sum(
        moved_bytes(t)
        * ratio(covered(t.end_cycle) - covered(t.start_cycle), t.end_cycle - t.start_cycle)
        for t in result.transfers
    )
    return ratio(moved, before[-1]) * result.accelerator.clock_mhz / 1e3
