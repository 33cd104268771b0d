"""The run as a Perfetto trace: opens in ui.perfetto.dev."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from bitsim.files.atomic import atomic_file
from bitsim.report import traffic
from bitsim.system.log import PhaseRecord
from bitsim.system.records import ARRAY
from bitsim.system.result import RunResult

SEQUENCE = 1  # of packets: one writer
Arguments = dict[str, int | float | str]
Slice = tuple[int, int, str, Arguments]  # start cycle, end cycle, name, arguments


def write_timeline(result: RunResult, path: Path) -> None:
    """Tracks of passes, array and its waits, units, DRAM streams; utilisation and bandwidth.

    Times are nanoseconds of the accelerator's clock; cycle counts are among the arguments.
    """
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace

    trace = Trace()
    writer = _Writer(trace, result.accelerator.clock_mhz)
    writer.track("passes", _passes(result))
    writer.track("array", _phases(result))
    writer.track("array waits", _waits(result))
    for unit in sorted(result.accelerator.units):
        writer.track(f"unit {unit}", _work(result, unit))
    for stream in ("weights", "activations", "results", "units"):
        writer.track(f"DRAM {stream}", _transfers(result, stream))
    writer.counter("array utilisation (%)", _utilisation(result))
    writer.counter("DRAM (GB/s)", _bandwidth(result))
    with atomic_file(path) as file:
        file.write(trace.SerializeToString(deterministic=True))


class _Writer:
    """Adds packets to a trace; tracks are numbered as they come."""

    def __init__(self, trace: Any, clock_mhz: float) -> None:
        from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TrackEvent

        self.trace = trace
        self.ns_per_cycle = 1e3 / clock_mhz
        self.kinds = TrackEvent
        self.tracks = 0

    def track(self, name: str, slices: Iterable[Slice]) -> None:
        """A row of slices. Slices that overlap get rows of their own: "name", "name 2", ..."""
        for number, row in enumerate(_rows(slices), 1):
            uuid = self._describe(name if number == 1 else f"{name} {number}")
            for start, end, label, arguments in row:
                begin = self._event(uuid, start, self.kinds.TYPE_SLICE_BEGIN)
                begin.name = label
                for key, value in arguments.items():
                    _annotate(begin.debug_annotations.add(), key, value)
                self._event(uuid, end, self.kinds.TYPE_SLICE_END)

    def counter(self, name: str, values: Iterable[tuple[int, float]]) -> None:
        """A line of (cycle, value): each holds until the next."""
        uuid = self._describe(name, counter=True)
        for cycle, value in values:
            self._event(uuid, cycle, self.kinds.TYPE_COUNTER).double_counter_value = value

    def _describe(self, name: str, counter: bool = False) -> int:
        self.tracks += 1
        packet = self.trace.packet.add(trusted_packet_sequence_id=SEQUENCE)
        descriptor = packet.track_descriptor
        descriptor.uuid = self.tracks
        descriptor.name = name
        descriptor.sibling_order_rank = self.tracks
        if counter:
            descriptor.counter.SetInParent()
        return self.tracks

    def _event(self, uuid: int, cycle: int, kind: int) -> Any:
        packet = self.trace.packet.add(trusted_packet_sequence_id=SEQUENCE)
        packet.timestamp = round(cycle * self.ns_per_cycle)
        packet.track_event.track_uuid = uuid
        packet.track_event.type = kind
        return packet.track_event


def _annotate(annotation: Any, key: str, value: int | float | str) -> None:
    annotation.name = key
    if isinstance(value, int):
        annotation.int_value = value
    elif isinstance(value, float):
        annotation.double_value = value
    else:
        annotation.string_value = value


def _rows(slices: Iterable[Slice]) -> list[list[Slice]]:
    """As few rows as hold the slices without overlap; one row, empty or not, at least."""
    rows: list[list[Slice]] = [[]]
    for each in sorted(slices, key=lambda item: item[:2]):
        for row in rows:
            if not row or row[-1][1] <= each[0]:
                row.append(each)
                break
        else:
            rows.append([each])
    return rows


def _passes(result: RunResult) -> Iterator[Slice]:
    for each in result.passes:
        arguments: Arguments = {"m": each.m, "context": each.context}
        yield each.start_cycle, each.end_cycle, f"{each.stage} {each.index}", arguments


def _phases(result: RunResult) -> Iterator[Slice]:
    for phase in result.phases:
        arguments: Arguments = {"n": phase.n, "k": phase.k, "m": phase.m, **asdict(phase.counts)}
        yield phase.start_cycle, phase.end_cycle, phase.name, arguments


def _waits(result: RunResult) -> Iterator[Slice]:
    """Where no phase runs: what runs elsewhere, or what data are handed over to."""
    for each in result.records:
        if each.resource == ARRAY and each.kind != "phase":
            arguments: Arguments = {"cycles": each.cycles}
            end = each.start_cycle + each.cycles
            yield each.start_cycle, end, f"{each.kind}: {each.name}", arguments


def _work(result: RunResult, unit: str) -> Iterator[Slice]:
    for each in result.work:
        if each.unit == unit:
            cycles = each.end_cycle - each.start_cycle
            arguments: Arguments = {"work": each.work, "cycles": cycles, **asdict(each.counts)}
            yield each.start_cycle, each.end_cycle, each.name, arguments


def _transfers(result: RunResult, stream: str) -> Iterator[Slice]:
    for each in result.transfers:
        if each.stream == stream:
            arguments: Arguments = {
                "cycles": each.end_cycle - each.start_cycle,
                "read_bytes": each.read_bytes,
                "written_bytes": each.written_bytes,
            }
            yield each.start_cycle, each.end_cycle, each.name, arguments


def _utilisation(result: RunResult) -> Iterator[tuple[int, float]]:
    """Mean of each phase, and 0 between phases."""
    lanes = result.accelerator.array.peak_products
    steps = [(result.passes[0].start_cycle, 0.0)]
    for phase in sorted(result.phases, key=lambda each: each.start_cycle):
        steps.append((phase.start_cycle, 100 * _useful(phase, lanes)))
        steps.append((phase.end_cycle, 0.0))
    return (list(same)[-1] for _, same in groupby(steps, key=lambda step: step[0]))


def _useful(phase: PhaseRecord, lanes: int) -> float:
    return phase.n * phase.k * phase.m / ((phase.end_cycle - phase.start_cycle) * lanes)


def _bandwidth(result: RunResult) -> Iterator[tuple[int, float]]:
    """Sum of all streams, each transfer's bytes spread evenly over its time."""
    changes: dict[int, list[tuple[float, int]]] = {result.passes[0].start_cycle: []}
    for each in result.transfers:
        cycles = max(1, each.end_cycle - each.start_cycle)
        rate = traffic.moved_bytes(each) / cycles * result.accelerator.clock_mhz / 1e3
        changes.setdefault(each.start_cycle, []).append((rate, 1))
        changes.setdefault(each.start_cycle + cycles, []).append((-rate, -1))
    rate, active = 0.0, 0
    for cycle in sorted(changes):
        rate += sum(change for change, _ in changes[cycle])
        active += sum(step for _, step in changes[cycle])
        rate = rate if active else 0.0  # no remainder of rounding while nothing moves
        yield cycle, rate
