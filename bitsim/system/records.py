"""Who had each resource in each cycle, and what the resource waited for in all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from bitsim.program.program import Stage
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.counts import ArrayCounts
from bitsim.system.log import BusRecord, PassRecord, PhaseRecord, WorkRecord

Kind = Literal["phase", "work", "transfer", "hand-over", "waiting", "idle"]
ARRAY, MEMORY = "array", "memory"


@dataclass(frozen=True, slots=True)
class Record:
    """Cycles of one resource, with their owner or their cause.

    resource  "array", "memory", or "units.NAME"
    kind      phase, work, transfer   the resource did this for `name`
              waiting                 `name` ran elsewhere
              hand-over               nothing ran: data moved between what had ended and `name`
              idle                    the same two, but the resource has nothing more to do
    layer     of the name; None outside the layers

    A record of transfers covers the transfers of one owner, from the first to the last, with none
    of another owner between.
    """

    resource: str
    kind: Kind
    name: str
    layer: int | None
    stage: Stage
    start_cycle: int
    cycles: int


class Run(Protocol):
    """What records are made from: of a `RunResult`."""

    @property
    def accelerator(self) -> AcceleratorSpec: ...
    @property
    def passes(self) -> tuple[PassRecord, ...]: ...
    @property
    def phases(self) -> tuple[PhaseRecord, ...]: ...
    @property
    def work(self) -> tuple[WorkRecord, ...]: ...
    @property
    def bus(self) -> tuple[BusRecord, ...]: ...
    @property
    def counts(self) -> ArrayCounts: ...


@dataclass(frozen=True)
class Piece:
    """Cycles in which the machine ran a phase or work, or handed data over to it."""

    record: PhaseRecord | WorkRecord
    start_cycle: int
    end_cycle: int
    handed_over: bool


def course(result: Run) -> tuple[Piece, ...]:
    """What the machine did from its first to its last cycle, in order, without a gap.

    Cycles of a phase belong to the phase. Other cycles in which units work belong to the piece that
    started earliest. The rest is hand-over to the record that begins next, or, at the end, from the
    record that ended last.
    """
    ahead = sorted(result.work, key=lambda each: each.start_cycle)
    everything: list[PhaseRecord | WorkRecord] = [*result.phases, *ahead]
    final = max(everything, key=lambda each: each.end_cycle)
    now = result.passes[0].start_cycle
    pieces: list[Piece] = []
    for phase in sorted(result.phases, key=lambda each: each.start_cycle):
        pieces += _outside(ahead, now, phase.start_cycle, phase)
        pieces.append(Piece(phase, phase.start_cycle, phase.end_cycle, handed_over=False))
        now = phase.end_cycle
    return (*pieces, *_outside(ahead, now, result.passes[-1].end_cycle, final))


def _outside(
    ahead: list[WorkRecord], now: int, until: int, following: PhaseRecord | WorkRecord
) -> Iterator[Piece]:
    """Cycles without a phase; takes work that is over from `ahead`."""
    while now < until:
        while ahead and ahead[0].end_cycle <= now:
            del ahead[0]
        if ahead and ahead[0].start_cycle <= now:
            piece = Piece(ahead[0], now, min(ahead[0].end_cycle, until), handed_over=False)
        elif ahead and ahead[0].start_cycle < until:
            piece = Piece(ahead[0], now, ahead[0].start_cycle, handed_over=True)
        else:
            piece = Piece(following, now, until, handed_over=True)
        yield piece
        now = piece.end_cycle


def records(result: Run) -> tuple[Record, ...]:
    """For each resource its records in order; they cover cycles 0 to `result.cycles`, each once."""
    pieces = course(result)
    stages: list[Stage] = [each.stage for each in result.passes]
    found: list[Record] = []
    for resource, (kind, own) in _owners(result).items():
        now, place = result.passes[0].start_cycle, 0
        for each in own:
            assert each.start_cycle >= now, (resource, each)
            place, gap = _gap(resource, pieces, place, stages, now, each.start_cycle, True)
            found += gap
            now, cycles = each.end_cycle, each.end_cycle - each.start_cycle
            stage = stages[each.pass_index]
            found.append(
                Record(resource, kind, each.name, layer(each.name), stage, each.start_cycle, cycles)
            )
        found += _gap(resource, pieces, place, stages, now, result.passes[-1].end_cycle, False)[1]
    return tuple(found)


def _owners(
    result: Run,
) -> dict[str, tuple[Kind, Sequence[PhaseRecord | WorkRecord | BusRecord]]]:
    """By resource: what it did, in order."""
    table: dict[str, tuple[Kind, Sequence[PhaseRecord | WorkRecord | BusRecord]]] = {
        ARRAY: ("phase", sorted(result.phases, key=lambda each: each.start_cycle))
    }
    for name in sorted(result.accelerator.units):
        own = [
            each for each in result.work if each.unit == name and each.end_cycle > each.start_cycle
        ]
        table[f"units.{name}"] = ("work", sorted(own, key=lambda each: each.start_cycle))
    table[MEMORY] = ("transfer", result.bus)
    return table


def _gap(
    resource: str,
    pieces: Sequence[Piece],
    place: int,
    stages: Sequence[Stage],
    now: int,
    until: int,
    more: bool,
) -> tuple[int, list[Record]]:
    """Records for cycles in which the resource did nothing, from piece `place` on.

    more  the resource has something to do after them
    """
    found: list[Record] = []
    while now < until:
        piece = pieces[place]
        if piece.end_cycle <= now:
            place += 1
            continue
        end = min(piece.end_cycle, until)
        kind: Kind = "idle" if not more else "hand-over" if piece.handed_over else "waiting"
        name = piece.record.name
        stage = stages[piece.record.pass_index]
        last = found[-1] if found else None
        if last and (last.kind, last.name, last.stage) == (kind, name, stage):
            now, found = last.start_cycle, found[:-1]
        found.append(Record(resource, kind, name, layer(name), stage, now, end - now))
        now = end
    return place, found


def layer(name: str) -> int | None:
    """3 of "layers.3.qkv"; None for the embedding, the head and other names."""
    parts = name.split(".")
    following = parts[parts.index("layers") + 1 :] if "layers" in parts else []
    return int(following[0]) if following and following[0].isdecimal() else None


def busy_cycles(result: Run) -> dict[str, int]:
    """By resource: the array's cycles with products, a unit's with work, the memory's with data."""
    return {
        ARRAY: result.counts.busy,
        **{
            f"units.{name}": sum(
                each.end_cycle - each.start_cycle for each in result.work if each.unit == name
            )
            for name in sorted(result.accelerator.units)
        },
        MEMORY: sum(each.moving_cycles for each in result.bus),
    }
