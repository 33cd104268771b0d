"""Who had each cycle: every cycle of the run belongs to one record, so that shares sum to one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bitsim.program.program import Stage
from bitsim.spec.counts import ArrayCounts
from bitsim.system.result import PhaseRecord, RunResult, WorkRecord

CLASSES = ("busy", "weights", "activations", "results", "drain", "units")
OUTSIDE = "outside the layers"
BEFORE_PHASES = "before phases"


@dataclass(frozen=True)
class Cycles:
    """Cycles by class. `units`: no phase ran; `handover` is the part of it without unit work."""

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
        """All of them; `handover` is already in `units`."""
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

    While a phase runs the cycles are the phase's, as its counters say. Of the others, those in
    which units work are the earliest started piece's, and the rest goes to the record that
    begins next (the last one, at the end): it is what the machine was waiting for.
    """
    found = [Held(p, Cycles.of_phase(p.counts)) for p in result.phases]
    found += [
        Held(record, Cycles(units=end - start, handover=0 if working else end - start))
        for record, start, end, working in _outside_phases(result)
    ]
    return tuple(found)


def _outside_phases(
    result: RunResult,
) -> Iterator[tuple[PhaseRecord | WorkRecord, int, int, bool]]:
    phases = sorted(result.phases, key=lambda p: p.start_cycle)
    work = sorted(result.work, key=lambda w: w.start_cycle)
    first, last = result.passes[0].start_cycle, result.passes[-1].end_cycle
    ends = [first, *(p.end_cycle for p in phases)]
    starts = [*(p.start_cycle for p in phases), last]
    records: list[PhaseRecord | WorkRecord] = [*phases, *work]
    final = max(records, key=lambda record: record.end_cycle, default=None)
    index = 0
    for gap, (now, until) in enumerate(zip(ends, starts, strict=True)):
        after: PhaseRecord | WorkRecord | None = phases[gap] if gap < len(phases) else final
        while now < until:
            while index < len(work) and work[index].end_cycle <= now:
                index += 1
            piece = work[index] if index < len(work) else None
            if piece is not None and piece.start_cycle <= now:
                end = min(piece.end_cycle, until)
                yield piece, now, end, True
            elif piece is not None and piece.start_cycle < until:
                end = piece.start_cycle
                yield piece, now, end, False
            elif after is not None:
                end = until
                yield after, now, end, False
            else:
                return  # a run without a record
            now = end


def kind(record: PhaseRecord | WorkRecord) -> str:
    """ "qkv" of "layers.3.qkv"; the kind of work of a unit."""
    return record.work if isinstance(record, WorkRecord) else record.name.rsplit(".", 1)[-1]


def layer(record: PhaseRecord | WorkRecord) -> str:
    """ "3" of "layers.3.qkv"; `OUTSIDE` for the embedding, the head and other names."""
    parts = record.name.split(".")
    following = parts[parts.index("layers") + 1 :] if "layers" in parts else []
    return following[0] if following and following[0].isdecimal() else OUTSIDE


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
