"""A machine that walks through a network, product by product."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from bitsim.array.protocol import PhaseResult
from bitsim.errors import BitsimError
from bitsim.memory import make_memory
from bitsim.memory.clock import Clock
from bitsim.memory.traffic import BusLog, BusSpan, Traffic
from bitsim.program.activity import Activity, expected_of_head
from bitsim.program.program import Pass, PhaseStep, Step, WorkStep, head_phases, phases, program
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.counts import ArrayCounts
from bitsim.spec.digits import INT8_DIGITS
from bitsim.spec.network import NetworkSpec, Statistics
from bitsim.spec.phase import Phase
from bitsim.spec.technology import TechnologySpec
from bitsim.system import account
from bitsim.system.driver import Driver
from bitsim.system.images import Images
from bitsim.system.log import BusRecord, PassRecord, PhaseRecord, Stream, TransferRecord, WorkRecord
from bitsim.system.result import RunResult
from bitsim.system.units import Units
from bitsim.trace.event import Event


class Machine:
    """Array, memory and units in one simulated time, driven by whoever knows the activations.

    For each pass: `start_pass`, then its products in order, then `finish_pass`. With `values` the
    array computes the sums (`product`). Without, only the cycles are found (`skip_product`); adds,
    subtracts and skips are then expected ones, by `statistics` or the network's own. A head in the
    array is one more product (`program.head_parts`), whose rows have `head_digits` ternary digits.

    The weights of the next product are prefetched while this one runs. The first weights of the
    next pass are prefetched from when the last product of this pass has ended. So the units do
    their last work of a pass once the next pass has been started, or at the end.
    """

    def __init__(
        self,
        accelerator: AcceleratorSpec,
        network: NetworkSpec,
        values: bool,
        statistics: Statistics | None = None,
        head_digits: int = INT8_DIGITS,
    ) -> None:
        for phase in (*phases(network, 1), *head_phases(accelerator, network, 1, head_digits)):
            accelerator.array.tiling(phase)  # refuses what the array cannot run
        self._accelerator = accelerator
        self._network = network
        self._head_digits = head_digits
        self._expected_head = False  # its adds, subtracts and skips are expected ones
        self._activity = None if values else Activity.of(accelerator, network, statistics)
        self._env = Clock()
        memory = make_memory(self._env, accelerator.memory, accelerator.clock_mhz)
        self._driver = Driver(self._env, memory, accelerator, values)
        self._units = Units(self._env, memory, accelerator, lambda: self._driver.quiet)
        self._images = Images(self._driver.array)
        self._bus = BusLog()
        self._pass: Pass | None = None  # the one that is under way
        self._steps: Iterator[Step] = iter(())
        self._weight_traffic: dict[str, Traffic] = {}
        self._finished: list[tuple[Pass, list[Step]]] = []  # but for its units' last work
        self._passes: list[PassRecord] = []
        self._phases: list[PhaseRecord] = []
        self._work: list[WorkRecord] = []
        self._transfers: list[TransferRecord] = []

    def start_pass(self, m: int, context: int, sequences: int = 1) -> None:
        """Begin to walk: `m` tokens, the same number for each sequence, `context` before them."""
        assert self._pass is None, "the pass before has not been finished"
        this = Pass(m, context, sequences)
        this.check(self._network)
        coming = [
            *phases(self._network, m),
            *head_phases(self._accelerator, self._network, sequences, self._head_digits),
        ]
        index = self._pass_index + len(self._finished)
        traffic = {phase.name: self._traffic(phase.name, index) for phase in coming}
        for phase in coming:
            self._driver.expect(phase, traffic[phase.name])
        self._complete()
        self._pass = this
        self._steps = program(self._accelerator, self._network, this, self._head_digits)
        self._weight_traffic = traffic

    def product(self, event: Event) -> NDArray[np.int32]:
        """Run up to the product of `event` and through it; (m, n) int32, as the array sums."""
        step = self._next_phase()
        if step is None or step.phase != event.phase:
            raise BitsimError(
                f"{self._network.name}: product {_shown(event.phase)} does not come here in this "
                f"network; {_shown(step.phase) if step else 'the end of the pass'} does: record "
                f"the trace again, whole"
            )
        image = self._images.of(event.name, event.matrices)
        result = self._run(step, image, event.activations)
        assert result.output is not None
        return result.output

    def skip_product(self) -> None:
        """Run up to the next product of the pass and through it, timing alone."""
        step = self._next_phase()
        assert step is not None, "the pass has no further product"
        self._run(step, None, None)

    def finish_pass(self) -> None:
        """All products of the layers have been run; the units do the rest of the pass.

        A part of the head that the array scores and nobody asked for is run for timing alone.
        """
        assert self._pass is not None, "no pass has been started"
        rest = list(self._steps)
        missed = [
            step.phase for step in rest if isinstance(step, PhaseStep) and step.digits is None
        ]
        if missed:
            raise BitsimError(
                f"{self._network.name}: the pass ends before {_shown(missed[0])}; record the trace "
                f"again, whole"
            )
        self._steps = iter(rest)
        for step in rest:
            if isinstance(step, PhaseStep):
                self.skip_product()
        self._finished.append((self._pass, list(self._steps)))
        self._pass = None

    def result(self, technology: TechnologySpec) -> RunResult:
        """Everything so far, priced. No pass may be under way."""
        assert self._pass is None, "the last pass has not been finished"
        self._complete()
        assert self._passes, "no pass has been run"
        return account.result(
            self._accelerator,
            self._network,
            technology,
            tuple(self._passes),
            tuple(self._phases),
            tuple(self._work),
            tuple(self._transfers),
            tuple(map(_bus_record, self._bus.spans)),
            expected_counts=self._activity is not None,
            expected_head=self._expected_head,
        )

    def _next_phase(self) -> PhaseStep | None:
        """Do the work up to the next product."""
        assert self._pass is not None, "no pass has been started"
        for step in self._steps:
            if isinstance(step, PhaseStep):
                return step
            self._simulate(self._do(step, self._pass_index))
        return None

    def _complete(self) -> None:
        """Do what is left of the finished pass, if a pass has finished."""
        for this, steps in self._finished:
            for step in steps:
                assert isinstance(step, WorkStep), step
                self._simulate(self._do(step, self._pass_index))
            self._passes.append(
                PassRecord(
                    index=self._pass_index,
                    stage=this.stage,
                    m=this.m,
                    context=this.context,
                    start_cycle=self._passes[-1].end_cycle if self._passes else 0,
                    end_cycle=self._env.now,
                    sequences=this.sequences,
                )
            )
        self._finished.clear()

    @property
    def _pass_index(self) -> int:
        return len(self._passes)

    def _simulate(self, process: Generator[simpy.Event, Any, Any]) -> Any:
        """Run simulated time until a process has ended; what it returns."""
        return self._env.run(until=self._env.process(process))

    def _do(self, step: WorkStep, pass_index: int) -> Generator[simpy.Event, Any, None]:
        """Process: one piece of work, and its records."""
        name = self._accelerator.unit_of(step.work)
        start_cycle, traffic = self._env.now, self._traffic(step.name, pass_index)
        yield from self._units.run(self._accelerator.units[name], step.counts, traffic)
        self._work.append(
            WorkRecord(
                pass_index=pass_index,
                name=step.name,
                work=step.work,
                unit=name,
                start_cycle=start_cycle,
                end_cycle=self._env.now,
                counts=step.counts,
            )
        )
        self._enter(step.name, "units", traffic)

    def _run(
        self, step: PhaseStep, image: NDArray[np.uint8] | None, activations: NDArray[np.int8] | None
    ) -> PhaseResult:
        """One product, and its records."""
        phase = step.phase
        traffic: dict[Stream, Traffic] = {
            "weights": self._weight_traffic[phase.name],
            "activations": self._traffic(phase.name, self._pass_index),
            "results": self._traffic(phase.name, self._pass_index),
        }
        result: PhaseResult = self._simulate(
            self._driver.run(
                phase,
                image,
                activations,
                traffic["activations"],
                traffic["results"],
                step.digits or 1,
            )
        )
        counts = result.counts if result.output is not None else self._counts(step, result.counts)
        self._phases.append(
            PhaseRecord(
                pass_index=self._pass_index,
                name=phase.name,
                n=phase.n,
                k=phase.k,
                m=phase.m,
                start_cycle=result.first_cycle,
                end_cycle=result.end_cycle,
                counts=counts,
            )
        )
        for stream, each in traffic.items():
            self._enter(phase.name, stream, each)
        return result

    def _counts(self, step: PhaseStep, counts: ArrayCounts) -> ArrayCounts:
        """The counters of a product without values, adds, subtracts and skips expected ones."""
        if step.digits is not None:
            self._expected_head = True
            return expected_of_head(self._accelerator, step.phase, counts, step.digits)
        assert self._activity is not None
        return self._activity.expected(step.phase, counts)

    def _traffic(self, name: str, pass_index: int) -> Traffic:
        return Traffic((pass_index, name), self._bus)

    def _enter(self, name: str, stream: Stream, traffic: Traffic) -> None:
        if traffic.start_cycle is not None:
            self._transfers.append(
                TransferRecord(
                    pass_index=self._pass_index,
                    name=name,
                    stream=stream,
                    start_cycle=traffic.start_cycle,
                    end_cycle=traffic.end_cycle,
                    read_bytes=traffic.read_bytes,
                    written_bytes=traffic.written_bytes,
                )
            )


def _bus_record(span: BusSpan) -> BusRecord:
    return BusRecord(*span.owner, span.start_cycle, span.end_cycle, span.moving_cycles)


def _shown(phase: Phase) -> str:
    return f"{phase.name} (n {phase.n}, k {phase.k}, m {phase.m})"
