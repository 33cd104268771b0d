"""Who had each cycle: every cycle of the run belongs to one record, so that shares sum to one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bitsim.program.program import Stage
from bitsim.spec.counts import ArrayCounts
from bitsim.system import records
from bitsim.system.log import PhaseRecord, WorkRecord
from bitsim.system.result import RunResult

CLASSES = ("busy", "weights", "activations", "results", "drain", "units")
OUTSIDE = "outside the layers"
BEFORE_PHASES = "before phases"


@dataclass(frozen=True)
class Cycles:
    """Cycles by class. `units`: no phase ran; `handover`: no phase and no unit ran."""

    busy: int = 0
    weights: int = 0
    activations: int = 0
    results: int = 0
    drain: int = 0
    units: int = 0
    handover: int = 0

    @staticmethod
    def summed(those: Iterable[Cycles]) -> Cycles:
        """Class by class."""
        rows = [
            (c.busy, c.weights, c.activations, c.results, c.drain, c.units, c.handover)
            for c in those
        ]
        return Cycles(*map(sum, zip(*rows, strict=True)))

    @property
    def total(self) -> int:
        """Cycles of all classes; `handover` is already in `units`."""
        return sum(getattr(self, name) for name in CLASSES)

    @staticmethod
    def of_phase(counts: ArrayCounts) -> Cycles:
        """The array's own counters."""
        return Cycles(
            busy=counts.busy,
            weights=counts.wait_weights,
            activations=counts.wait_activations,
            results=counts.wait_results,
            drain=counts.drain,
        )


@dataclass(frozen=True)
class Row:
    """One line of a table of cycles."""

    label: str
    stage: Stage | None  # None: of the whole run
    records: int
    cycles: Cycles


@dataclass(frozen=True)
class Held:
    """Cycles that one record had the machine for."""

    record: PhaseRecord | WorkRecord
    cycles: Cycles


def held(result: RunResult) -> tuple[Held, ...]:
    """Each phase and piece of work with its cycles; their sum is `result.cycles`.

    While a phase runs the cycles are the phase's, as its counters say; `records.course` says whose
    the others are.
    """
    found = [Held(p, Cycles.of_phase(p.counts)) for p in result.phases]
    for piece in records.course(result):
        cycles = piece.end_cycle - piece.start_cycle
        if piece.handed_over:
            found.append(Held(piece.record, Cycles(units=cycles, handover=cycles)))
        elif isinstance(piece.record, WorkRecord):
            found.append(Held(piece.record, Cycles(units=cycles)))
    return tuple(found)


def kind(record: PhaseRecord | WorkRecord) -> str:
    """ "qkv" of "layers.3.qkv"; the kind of work of a unit."""
    return record.work if isinstance(record, WorkRecord) else record.name.rsplit(".", 1)[-1]


def layer(record: PhaseRecord | WorkRecord) -> str:
    """ "3" of "layers.3.qkv"; `OUTSIDE` for the embedding, the head and other names."""
    found = records.layer(record.name)
    return OUTSIDE if found is None else str(found)


def by_kind(result: RunResult) -> tuple[Row, ...]:
    """By stage, then phases in the order of the network, then work, longest first."""
    stages = {each.index: each.stage for each in result.passes}
    rows = _rows(
        (each, (stages[each.record.pass_index], isinstance(each.record, WorkRecord)))
        for each in held(result)
    )

    def place(item: tuple[tuple[str, Stage, bool], Row]) -> tuple[bool, bool, int]:
        (_, stage, is_work), row = item
        return stage == "decode", is_work, -row.cycles.total if is_work else 0

    return tuple(row for _, row in sorted(rows.items(), key=place))


def _rows(
    staged: Iterable[tuple[Held, tuple[Stage, bool]]],
) -> dict[tuple[str, Stage, bool], Row]:
    groups: dict[tuple[str, Stage, bool], list[Held]] = {}
    for each, (stage, is_work) in staged:
        groups.setdefault((kind(each.record), stage, is_work), []).append(each)
    return {key: _row(key[0], key[1], members) for key, members in groups.items()}


def _row(label: str, stage: Stage | None, members: list[Held]) -> Row:
    records = len({id(each.record) for each in members})
    return Row(label, stage, records, Cycles.summed(each.cycles for each in members))


def by_layer(result: RunResult) -> tuple[Row, ...]:
    """Layers in order over the whole run, then what is outside them."""
    groups: dict[str, list[Held]] = {}
    for each in held(result):
        groups.setdefault(layer(each.record), []).append(each)
    order = sorted(groups, key=lambda name: (name == OUTSIDE, len(name), name))
    return tuple(_row(name, None, groups[name]) for name in order)


def total(result: RunResult) -> Cycles:
    """All cycles of the run."""
    return Cycles.summed(each.cycles for each in held(result))


def work_cycles(result: RunResult) -> list[tuple[str, Cycles]]:
    """Cycles without a phase, most first: by kind of unit work, and before phases begin."""
    groups: dict[str, list[Cycles]] = {}
    for each in held(result):
        if each.cycles.units:
            working = isinstance(each.record, WorkRecord)
            groups.setdefault(kind(each.record) if working else BEFORE_PHASES, []).append(
                each.cycles
            )
    sums = {name: Cycles.summed(members) for name, members in groups.items()}
    return sorted(sums.items(), key=lambda item: (-item[1].total, item[0]))
