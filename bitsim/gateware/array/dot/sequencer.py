"""Runs a phase: decides in every cycle whether a step is issued, and if not, why."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.streams import PHASE, TILE_BITS
from bitsim.spec.array.dot import DotSpec


class State(enum.Enum, shape=2):
    """IDLE as in docs/machine.md; its RUN is RUN until the last step is issued, then DRAIN."""

    IDLE = 0
    RUN = 1
    DRAIN = 2


class Activity(enum.Enum, shape=3):
    """What a cycle is spent on: the first that applies, in this order."""

    IDLE = 0
    DRAIN = 1
    WAIT_WEIGHTS = 2
    WAIT_ACTIVATIONS = 3
    WAIT_RESULTS = 4
    BUSY = 5


class Sequencer(wiring.Component):
    """Walks over blocks, row tiles, K beats and groups, one step a cycle when nothing is missing.

    phases                            shape of the next phase, each field at least 1
    weights_available                 every weight queue holds a beat
    activations_available             the beat of this step has been written
    result_taken                      a result beat is transferred in this cycle
    activity                          what this cycle is spent on
    issue                             a step is issued; the ports below describe it
    group                             its group within the block
    first_group, last_group           of the block
    first_beat, last_beat             of K
    last_tile                         last row tile: its activations are not needed again
    start                             a phase is accepted
    """

    def __init__(self, spec: DotSpec) -> None:
        self.spec = spec
        super().__init__(
            {
                "phases": In(stream.Signature(PHASE)),
                "weights_available": In(1),
                "activations_available": In(1),
                "result_taken": In(1),
                "activity": Out(Activity),
                "start": Out(1),
                "issue": Out(1),
                "group": Out(range(max(2, spec.hold))),
                "first_group": Out(1),
                "last_group": Out(1),
                "first_beat": Out(1),
                "last_beat": Out(1),
                "last_tile": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        state = Signal(State)
        pending = Signal(range(self.spec.result_fifo_beats + 1))  # result places taken
        m.d.sync += pending.eq(pending + (self.issue & self.last_beat) - self.result_taken)
        m.d.comb += [
            self.phases.ready.eq(state == State.IDLE),
            self.start.eq(self.phases.valid & self.phases.ready),
            self.issue.eq(self.activity == Activity.BUSY),
        ]
        with m.If(state == State.IDLE):
            m.d.comb += self.activity.eq(Activity.IDLE)
        with m.Elif(state == State.DRAIN):
            m.d.comb += self.activity.eq(Activity.DRAIN)
        with m.Elif(~self.weights_available):
            m.d.comb += self.activity.eq(Activity.WAIT_WEIGHTS)
        with m.Elif(~self.activations_available):
            m.d.comb += self.activity.eq(Activity.WAIT_ACTIVATIONS)
        with m.Elif(self.last_beat & (pending == self.spec.result_fifo_beats)):
            m.d.comb += self.activity.eq(Activity.WAIT_RESULTS)
        with m.Else():
            m.d.comb += self.activity.eq(Activity.BUSY)

        last_step = self._walk(m)
        with m.Switch(state):
            with m.Case(State.IDLE):
                with m.If(self.start):
                    m.d.sync += state.eq(State.RUN)
            with m.Case(State.RUN):
                with m.If(self.issue & last_step):
                    m.d.sync += state.eq(State.DRAIN)
            with m.Case(State.DRAIN):
                with m.If(self.result_taken & (pending == 1)):
                    m.d.sync += state.eq(State.IDLE)
        return m

    def _walk(self, m: Module) -> Signal:
        """The loop counters; returns whether the step is the last of the phase."""
        last_tile_index = Signal(TILE_BITS)
        last_beat_index = Signal(TILE_BITS)
        last_group_index = Signal.like(self.group)  # of this block
        groups_after = Signal(TILE_BITS)  # of the blocks after this one
        tile = Signal(TILE_BITS)
        beat = Signal(TILE_BITS)
        group = Signal.like(self.group)
        last_step = Signal()
        m.d.comb += [
            self.group.eq(group),
            self.first_group.eq(group == 0),
            self.last_group.eq(group == last_group_index),
            self.first_beat.eq(beat == 0),
            self.last_beat.eq(beat == last_beat_index),
            self.last_tile.eq(tile == last_tile_index),
            last_step.eq(self.last_group & self.last_beat & self.last_tile & (groups_after == 0)),
        ]
        block_ends = Signal()
        m.d.comb += block_ends.eq(self.issue & self.last_group & self.last_beat & self.last_tile)
        with m.If(self.issue):
            m.d.sync += group.eq(Mux(self.last_group, 0, group + 1))
            with m.If(self.last_group):
                m.d.sync += beat.eq(Mux(self.last_beat, 0, beat + 1))
                with m.If(self.last_beat):
                    m.d.sync += tile.eq(Mux(self.last_tile, 0, tile + 1))

        groups = Signal(TILE_BITS)  # of the next block and all after it
        m.d.comb += groups.eq(Mux(self.start, self.phases.payload.groups, groups_after))
        with m.If(self.start):
            m.d.sync += [
                last_tile_index.eq(self.phases.payload.row_tiles - 1),
                last_beat_index.eq(self.phases.payload.k_beats - 1),
            ]
        with m.If(self.start | block_ends):
            with m.If(groups > self.spec.hold):
                m.d.sync += [
                    last_group_index.eq(self.spec.hold - 1),
                    groups_after.eq(groups - self.spec.hold),
                ]
            with m.Else():
                m.d.sync += [last_group_index.eq(groups - 1), groups_after.eq(0)]
        return last_step
