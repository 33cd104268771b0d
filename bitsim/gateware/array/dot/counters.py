"""The performance counters."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.dot.sequencer import Activity
from bitsim.gateware.array.streams import COUNTER_BITS, COUNTERS
from bitsim.gateware.lanes.tree import add_counts, count_stages
from bitsim.spec.array.dot import DotSpec


class Counters(wiring.Component):
    """Counts the cycles of a phase by what they are spent on, and the work of the lanes.

    clear                a phase is accepted: everything starts from 0
    activity             of this cycle
    worked, subtracted   of each column, as `Column` has them
    count                a step was issued T + 4 cycles before (T = `tree_stages`)

    Columns and the sums over them have T + 2 pipeline registers in all, so that what the last step
    did is counted when its result can first be transferred.
    """

    def __init__(self, spec: DotSpec) -> None:
        self.spec = spec
        self.column_lanes = spec.slices * spec.lanes
        lanes = In(range(self.column_lanes + 1)).array(spec.columns)
        ports = {"clear": In(1), "activity": In(Activity), "worked": lanes, "subtracted": lanes}
        counters = {name: Out(COUNTER_BITS) for name in COUNTERS}
        super().__init__({**ports, "count": In(1), **counters})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        stages = self.spec.tree_stages + 2 - count_stages(self.spec.tree_stages)
        worked, subtracted = (
            add_counts(m, counts, self.column_lanes, stages, kind)
            for kind, counts in (("worked", self.worked), ("subtracted", self.subtracted))
        )
        with m.If(self.count):
            m.d.sync += [
                self.adds.eq(self.adds + (worked - subtracted)),
                self.subtracts.eq(self.subtracts + subtracted),
                self.skips.eq(self.skips + (self.spec.peak_products - worked)),
            ]
        with m.If(self.activity != Activity.IDLE):
            m.d.sync += self.cycles.eq(self.cycles + 1)
        with m.Switch(self.activity):
            for activity, counter in self._cycle_counters():
                with m.Case(activity):
                    m.d.sync += counter.eq(counter + 1)
        with m.If(self.clear):
            m.d.sync += [getattr(self, name).eq(0) for name in COUNTERS]
        return m

    def _cycle_counters(self) -> list[tuple[Any, Signal]]:
        return [
            (Activity.BUSY, self.busy),
            (Activity.WAIT_WEIGHTS, self.wait_weights),
            (Activity.WAIT_ACTIVATIONS, self.wait_activations),
            (Activity.WAIT_RESULTS, self.wait_results),
            (Activity.DRAIN, self.drain),
        ]
