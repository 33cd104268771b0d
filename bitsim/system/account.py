"""Prices the records of a run: energy and area."""

from __future__ import annotations

from functools import reduce
from operator import add

from bitsim import cost
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.counts import ArrayCounts, WorkCounts
from bitsim.spec.network import NetworkSpec
from bitsim.spec.technology import TechnologySpec
from bitsim.system.log import BusRecord, PassRecord, PhaseRecord, Stream, TransferRecord, WorkRecord
from bitsim.system.result import RunResult


def result(
    accelerator: AcceleratorSpec,
    network: NetworkSpec,
    technology: TechnologySpec,
    passes: tuple[PassRecord, ...],
    phases: tuple[PhaseRecord, ...],
    work: tuple[WorkRecord, ...],
    transfers: tuple[TransferRecord, ...],
    bus: tuple[BusRecord, ...],
    expected_counts: bool,
    expected_head: bool,
) -> RunResult:
    """The result with energy and area. `BitsimError` if the technology misses a figure."""
    used = usage(phases, work, transfers)
    return RunResult(
        accelerator=accelerator,
        network=network,
        technology=technology,
        passes=passes,
        phases=phases,
        work=work,
        transfers=transfers,
        bus=bus,
        energy=cost.energy(accelerator, technology, used),
        area=cost.area(accelerator, technology),
        expected_counts=expected_counts,
        expected_head=expected_head,
    )


def usage(
    phases: tuple[PhaseRecord, ...],
    work: tuple[WorkRecord, ...],
    transfers: tuple[TransferRecord, ...],
) -> cost.Usage:
    """Sums of the records, as far as they cost energy."""
    moved: dict[Stream, int] = {}
    for transfer in transfers:
        moved_bytes = transfer.read_bytes + transfer.written_bytes
        moved[transfer.stream] = moved.get(transfer.stream, 0) + moved_bytes
    by_unit: dict[str, WorkCounts] = {}
    for piece in work:
        by_unit[piece.unit] = by_unit.get(piece.unit, WorkCounts()) + piece.counts
    return cost.Usage(
        counts=reduce(add, (phase.counts for phase in phases), ArrayCounts()),
        weight_bytes=moved.get("weights", 0),
        activation_bytes=moved.get("activations", 0),
        result_bytes=moved.get("results", 0),
        work=by_unit,
    )
