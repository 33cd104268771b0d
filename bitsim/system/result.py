"""What a simulation found: its log, sums, energy, area."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add
from typing import TYPE_CHECKING

from bitsim.cost.part import Part
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.counts import ArrayCounts
from bitsim.spec.network import NetworkSpec
from bitsim.spec.technology import TechnologySpec
from bitsim.system import frame, records
from bitsim.system.log import BusRecord, PassRecord, PhaseRecord, TransferRecord, WorkRecord
from bitsim.units import seconds

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class RunResult:
    """Everything that one simulation says. All cycles are of the accelerator's clock."""

    accelerator: AcceleratorSpec
    network: NetworkSpec
    technology: TechnologySpec
    passes: tuple[PassRecord, ...]
    phases: tuple[PhaseRecord, ...]
    work: tuple[WorkRecord, ...]
    transfers: tuple[TransferRecord, ...]
    bus: tuple[BusRecord, ...]
    energy: tuple[Part, ...]  # J
    area: tuple[Part, ...]  # mm2
    expected_counts: bool = False  # True: adds, subtracts, skips are expected ones, not counted
    expected_head: bool = False  # True: expected ones for a head in the array

    def __hash__(self) -> int:
        return hash((self.network.name, self.accelerator.name, self.passes, self.phases))

    def __repr__(self) -> str:
        return (
            f"<RunResult: {self.network.name} on {self.accelerator.name}, {self.cycles:,} cycles "
            f"= {1e3 * self.seconds:.4g} ms, {self.tokens_per_s:.4g} tokens/s, "
            f"{self.energy_j_per_token:.3g} J a token, {self.area_mm2:.3g} mm2 in "
            f"{self.technology.name}>"
        )

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self)[1:-1])}</p>"  # in a notebook: lines that wrap

    @property
    def cycles(self) -> int:
        """First to last cycle, idle ones included."""
        return self.passes[-1].end_cycle - self.passes[0].start_cycle

    @property
    def seconds(self) -> float:
        """At the accelerator's clock."""
        return seconds(self.cycles, self.accelerator.clock_mhz)

    @property
    def tokens(self) -> int:
        """What rates are counted in: tokens produced, one for each sequence of each pass.

        If no pass decodes, the tokens of the prompts: the rate is then the speed of prefill.
        """
        if all(each.stage == "prefill" for each in self.passes):
            return sum(each.m for each in self.passes)
        return sum(each.sequences for each in self.passes)

    @property
    def tokens_per_s(self) -> float:
        """`tokens` over all the time, prompts included."""
        return self.tokens / self.seconds

    @property
    def energy_j_per_token(self) -> float:
        """Over the same tokens."""
        return self.energy_j / self.tokens

    @cached_property
    def counts(self) -> ArrayCounts:
        """The array's counters over all phases."""
        return reduce(add, (phase.counts for phase in self.phases), ArrayCounts())

    @cached_property
    def products(self) -> int:
        """Ternary products that the network asked for, padding not counted."""
        return sum(phase.n * phase.k * phase.m for phase in self.phases)

    @property
    def utilization(self) -> float:
        """Asked-for products over what the lanes could have done in all cycles."""
        return self.products / (self.cycles * self.accelerator.array.peak_products)

    @property
    def stall_cycles(self) -> dict[str, int]:
        """Every cycle in which the array did no work, by cause; with `busy` they sum to `cycles`.

        `units`: no phase ran, because a unit beside the array worked or its data moved.
        """
        c = self.counts
        return {
            "weights": c.wait_weights,
            "activations": c.wait_activations,
            "results": c.wait_results,
            "drain": c.drain,
            "units": self.cycles - c.cycles,
        }

    @cached_property
    def records(self) -> tuple[records.Record, ...]:
        """For each resource who had it, or why it waited, in every cycle from 0 to `cycles`."""
        return records.records(self)

    @property
    def busiest(self) -> str:
        """The resource with the most cycles of work; it bounds the run."""
        busy = records.busy_cycles(self)
        return max(busy, key=lambda name: busy[name])

    def frame(self, resource: str | None = None) -> DataFrame:
        """The records of one resource ("array", "memory", "units.NAME") as a pandas table.

        Its `cycles` add up to the run's. None: the resource that bounds the run, `busiest`.
        """
        return frame.frame(self.records, self.busiest if resource is None else resource)

    @cached_property
    def dram_bytes(self) -> dict[str, int]:
        """Bytes moved to and from DRAM, by stream."""
        totals: dict[str, int] = {}
        for each in self.transfers:
            moved = each.read_bytes + each.written_bytes
            totals[each.stream] = totals.get(each.stream, 0) + moved
        return totals

    @property
    def energy_j(self) -> float:
        """All parts."""
        return sum(part.value for part in self.energy)

    @property
    def area_mm2(self) -> float:
        """All parts."""
        return sum(part.value for part in self.area)
