"""The accelerator with its bus, cycle by cycle: lists of phases over AXI4 (docs/top.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitsim.array import make_array
from bitsim.array.protocol import NEVER, counts_of
from bitsim.errors import BitsimError
from bitsim.link import control
from bitsim.link.ports import BURST, count_bursts, port_jobs
from bitsim.link.read_port import READ_PORT
from bitsim.link.result import Bursts, ListPhase, ListResult
from bitsim.link.result_stage import make_stage
from bitsim.link.values import EntryValues, entry_values
from bitsim.link.worlds import Delays, meet_memory, same_memory
from bitsim.link.write_port import WRITE_PORT
from bitsim.spec.link.axi4 import BOUNDARY_BYTES, SUM_BYTES, BusLayout, ListEntry
from bitsim.trace.job import Job
from bitsim.trace.world import World
from bitsim.units import ceil_div

RING_PLACES = 32  # bursts kept when they are not logged: more than can be outstanding


class Link:
    """One accelerator from reset on, with the memory at its ports.

    `leap` False steps also through the cycles in which nothing can change; it is the same machine,
    slower. Weight ports that meet the same memory at the same places of a 4096-byte page do the
    same in every cycle: one is stepped for all.
    """

    def __init__(self, layout: BusLayout, world: World, leap: bool = True) -> None:
        bus = layout.bus
        assert layout.array.feeds % bus.weight_ports == 0, (layout.array, bus.weight_ports)
        assert len(world.weights) == bus.weight_ports, len(world.weights)
        self.layout = layout
        self._leap = leap
        self._array = make_array(layout.array, values=True)
        self._control = self._array.control()
        self._clock = np.zeros(1, control.TIME)
        self._reader = np.zeros(1, control.READER)
        self._reads = np.zeros(bus.weight_ports + 1, READ_PORT)
        self._stage = make_stage(layout)
        self._write = np.zeros(1, WRITE_PORT)
        self._errors = world.errors
        self._answered = [0] * (bus.weight_ports + 2)  # words read, bursts written, since reset
        self._delays = Delays()
        self._alike = True
        for port, memory in zip(self._reads, (*world.weights, world.activations), strict=True):
            meet_memory(port, bus, memory, self._delays)
            port["fifo_words"] = bus.read_fifo_words
            port["beat_words"] = layout.step_words
            port["last_word_cycle"] = -NEVER
        if all(same_memory(memory, world.weights[0]) for memory in world.weights):
            self._reads[1:-1] = self._reads[0]
        else:
            self._tell_ports_apart()
        self._reads[-1]["beat_words"] = layout.activation_words
        port = self._write[0]
        meet_memory(port, bus, world.results, self._delays)
        port["fifo_words"] = bus.write_fifo_words
        port["beat_words"] = layout.result_words
        port["entered_cycle"] = port["last_response_cycle"] = -NEVER
        port["response_cycle"] = NEVER

    @property
    def cycle(self) -> int:
        """The cycle that is simulated next."""
        return int(self._clock[0]["cycle"])

    def run(
        self,
        entries: Sequence[ListEntry],
        start_cycle: int,
        jobs: Sequence[Job] | None = None,
        log: bool = True,
    ) -> ListResult:
        """Run a list that is started in `start_cycle`, after the list before.

        jobs  the numbers of each entry; None for timing alone
        log   False: bursts are not kept, for lists with millions of bursts

        `BitsimError` if the list does not fit in the accelerator.
        """
        entries = [self._asked(entry) for entry in entries]
        self._check(entries, jobs)
        assert start_cycle >= self.cycle, (start_cycle, self.cycle)
        values = [
            entry_values(self.layout, self._array, entry, job)
            for entry, job in zip(entries, jobs or (), strict=jobs is not None)
        ]
        # Once they have been at different places, they are at different places of their worlds.
        if self._alike and any(entry.weights_stride % BOUNDARY_BYTES for entry in entries):
            self._tell_ports_apart()
        stepped = np.array([0, -1]) if self._alike else np.arange(len(self._reads))
        axi_jobs = port_jobs(entries, self.layout.bus.weight_ports)
        read_bursts, write_bursts = self._begin(axi_jobs, stepped, start_cycle, log)
        phases = np.zeros(len(entries), control.PHASE)
        for field in ("row_tiles", "k_beats", "groups", "digits", "codes"):
            phases[field] = [getattr(entry, field) for entry in entries]
        reads = self._reads[stepped]
        parts = control.Parts(self._clock, self._reader, reads, self._stage, self._write)
        work = control.Work(
            phases, axi_jobs.reshape(-1), read_bursts, write_bursts, self._delays.cycles()
        )
        ended = control.run(self._control, parts, work, self._leap)
        assert ended, f"cycle {self.cycle}: nothing will ever happen again"
        self._reads[:-1], self._reads[-1] = reads[:-1], reads[-1]
        for field in ("held", "gathered"):
            assert not self._reads[field].any(), f"words left: {field}"
        logs = self._logs(entries, axi_jobs, read_bursts) if log else []
        return self._result(start_cycle, phases, values, logs, write_bursts)

    def _tell_ports_apart(self) -> None:
        """From now on each weight port is stepped by itself."""
        self._alike = False
        self._control = self._array.split(self._control, self.layout.bus.weight_ports)

    def _check(self, entries: Sequence[ListEntry], jobs: Sequence[Job] | None) -> None:
        """That every entry brings the words that its phase uses."""
        array, bus = self.layout.array, self.layout.bus
        assert entries, "a list has at least one entry"
        if len(entries) > bus.list_entries:
            raise BitsimError(
                f"a list of {len(entries)} phases; bus.list_entries = {bus.list_entries}: "
                f"raise it or start more lists"
            )
        for entry in entries:
            beats = entry.row_tiles * entry.k_beats
            assert entry.passes == -(-entry.groups // array.hold_groups), entry
            assert entry.weights_words == beats * self.layout.step_words, entry
            words = entry.k_beats * entry.groups * self.layout.activation_words
            assert entry.activations_words == words, entry
            assert entry.results_words == self._results_words(entry), entry
        for entry, job in zip(entries, jobs or (), strict=jobs is not None):
            tiling = array.tiling(job.phase)
            sizes = (tiling.row_tiles, tiling.k_beats, tiling.groups)
            assert sizes == (entry.row_tiles, entry.k_beats, entry.groups), entry

    def _asked(self, entry: ListEntry) -> ListEntry:
        """The entry without the fields that this accelerator ignores."""
        results = self.layout.bus.results
        adds = results is not None and results.digits > 1
        codes = results is not None and results.code_beats > 0
        return replace(
            entry,
            digits=max(1, entry.digits) if adds else 1,
            codes=entry.codes if codes else 0,
        )

    def _results_words(self, entry: ListEntry) -> int:
        """What leaves the result stage, or the cutter where there is none."""
        words = entry.row_tiles * self.layout.result_words  # of a group
        if entry.codes:
            return entry.groups * (1 + ceil_div(words, SUM_BYTES))
        return entry.groups * words // entry.digits

    def _begin(
        self, axi_jobs: NDArray[Any], stepped: NDArray[np.int64], start_cycle: int, log: bool
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Everything that is counted from the start; room for the bursts of all ports."""
        bus, entries = self.layout.bus, axi_jobs.shape[1]
        reader = self._reader[0]
        for field in self._reader.dtype.names or ():
            reader[field] = 0
        reader["state"] = control.LIST_IDLE
        reader["start_cycle"] = start_cycle
        reader["count"] = entries
        reader["end_cycle"] = NEVER
        places = [
            count_bursts(port_jobs, bus.burst_words, bus.word_bytes) if log else RING_PLACES
            for port_jobs in axi_jobs
        ]
        for index, port in enumerate((*self._reads, self._write[0])):
            port["jobs"] = index * entries
            port["log_places"] = places[index]
            for field in ("taken", "answered", "words"):
                port[field] = 0
        for field in ("asked", "accepted"):
            self._reads[field] = 0
        ends = np.cumsum(self._reads["log_places"][stepped])
        self._reads["log_first"][stepped] = ends - self._reads["log_places"][stepped]
        self._stage["taken"] = 0
        self._write[0]["announced"] = self._write[0]["finished"] = 0
        return np.zeros(ends[-1], BURST), np.zeros(places[-1], BURST)

    def _logs(
        self, entries: Sequence[ListEntry], axi_jobs: NDArray[Any], bursts: NDArray[Any]
    ) -> list[NDArray[Any]]:
        """(bursts,) BURST of each weight port, then of the activations."""
        firsts = self._reads["log_first"][[0, -1] if self._alike else slice(None)]
        logs = np.split(bursts, firsts[1:])
        if not self._alike:
            return logs
        bus = self.layout.bus
        counts = [
            count_bursts(axi_jobs[0, place : place + 1], bus.burst_words, bus.word_bytes)
            for place in range(len(entries))
        ]
        strides = np.repeat([entry.weights_stride for entry in entries], counts)
        weights = [logs[0].copy() for _ in range(bus.weight_ports)]
        for port, log in enumerate(weights):
            log["address"] += port * strides
        return [*weights, logs[-1]]

    def _result(
        self,
        start_cycle: int,
        phases: NDArray[Any],
        values: Sequence[EntryValues],
        logs: Sequence[NDArray[Any]],
        write_bursts: NDArray[Any],
    ) -> ListResult:
        words = [int(count) for count in self._reads["words"]]
        reads = [_bursts(log) for log in logs]
        return ListResult(
            start_cycle=start_cycle,
            end_cycle=int(self._reader[0]["end_cycle"]),
            errors=self._seen_errors([*words, int(self._write[0]["answered"])]),
            phases=tuple(
                self._phase(phase, values[index] if values else None)
                for index, phase in enumerate(phases)
            ),
            weight_words=tuple(words[:-1]),
            activation_words=words[-1],
            result_words=int(self._write[0]["words"]),
            weight_bursts=tuple(reads[:-1]) if reads else None,
            activation_bursts=reads[-1] if reads else None,
            result_bursts=_bursts(write_bursts) if reads else None,
        )

    def _seen_errors(self, answers: Sequence[int]) -> int:
        """A bit for each port that got a wrong answer during the list that has ended."""
        before = self._answered
        self._answered = [old + new for old, new in zip(before, answers, strict=True)]
        wrong = [
            before[port] <= self._errors.get(port, -1) < after
            for port, after in enumerate(self._answered)
        ]
        return sum(bit << port for port, bit in enumerate(wrong))

    def _phase(self, phase: Any, values: EntryValues | None) -> ListPhase:
        products = self.layout.array.peak_products
        return ListPhase(
            accept_cycle=int(phase["accept_cycle"]),
            end_cycle=int(phase["end_cycle"]),
            counts=counts_of(phase["class_cycles"], products, values.sums if values else None),
            output=values.output if values else None,
            largest=values.largest if values else None,
            stored=values.stored if values else None,
        )


def simulate_list(
    layout: BusLayout,
    entries: Sequence[ListEntry],
    world: World,
    jobs: Sequence[Job] | None = None,
    start_cycle: int = 0,
) -> ListResult:
    """One list from reset on; see `Link.run`."""
    return Link(layout, world).run(entries, start_cycle, jobs)


def _bursts(log: NDArray[Any]) -> Bursts:
    return Bursts(**{field: log[field].copy() for field in log.dtype.names or ()})
