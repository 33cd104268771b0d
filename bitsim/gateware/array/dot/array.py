"""The top level of the `dot` array (docs/machine.md): columns, buffers, sequencer, counters."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.dot.activation_ring import ActivationRing
from bitsim.gateware.array.dot.column import Column
from bitsim.gateware.array.dot.counters import Counters
from bitsim.gateware.array.dot.sequencer import Sequencer
from bitsim.gateware.array.streams import COUNTER_BITS, COUNTERS, PHASE
from bitsim.gateware.lanes.tree import ACTIVATION_BITS
from bitsim.gateware.once import Platform, once
from bitsim.spec.array.dot import DotSpec
from bitsim.units import BITS_PER_BYTE


class Dot(wiring.Component):
    """Streams `phases`, `weights` and `activations` in, `results` out; counters as ports.

    weights          one for each column

    clear_counters   with `counters_by_port`: they start from 0 with it, not with each phase
    """

    module = "array"
    clocked = True

    def __init__(self, spec: DotSpec, counters_by_port: bool = False) -> None:
        self.spec = spec
        self.counters_by_port = counters_by_port
        beat = stream.Signature(spec.beat_bytes * BITS_PER_BYTE)
        vectors = stream.Signature(spec.slices * spec.lanes * ACTIVATION_BITS)
        sums = stream.Signature(spec.columns * spec.slices * spec.accumulator_bits)
        ports = {
            "phases": In(stream.Signature(PHASE)),
            "weights": In(beat).array(spec.columns),
            "activations": In(vectors),
            "results": Out(sums),
        }
        if counters_by_port:
            ports["clear_counters"] = In(1)
        super().__init__(ports | {name: Out(COUNTER_BITS) for name in COUNTERS})

    @once
    def elaborate(self, platform: Platform | None) -> Module:
        m = Module()
        spec, latency = self.spec, self.spec.tree_stages
        m.submodules.sequencer = step = Sequencer(spec)
        m.submodules.ring = ring = ActivationRing(
            len(self.activations.payload), spec.activation_buffer_beats
        )
        m.submodules.results = results = SyncFIFO(
            width=len(self.results.payload), depth=spec.result_fifo_beats
        )
        m.submodules.counters = counters = Counters(spec)
        columns = [Column(spec) for _ in range(spec.columns)]
        for index, (column, weights) in enumerate(zip(columns, self.weights, strict=True)):
            m.submodules[f"column_{index}"] = column
            wiring.connect(m, wiring.flipped(weights), column.weights)
        wiring.connect(m, wiring.flipped(self.phases), step.phases)
        wiring.connect(m, wiring.flipped(self.activations), ring.beats)
        wiring.connect(m, results.r_stream, wiring.flipped(self.results))

        # Cycle t: issue, address the memories.
        m.d.comb += [
            step.weights_available.eq(Cat(column.available for column in columns).all()),
            step.activations_available.eq(ring.available),
            step.result_taken.eq(self.results.valid & self.results.ready),
            ring.read.eq(step.issue),
            ring.free.eq(step.last_tile),
            ring.rewind.eq(step.last_group & step.last_beat & ~step.last_tile),
        ]
        read = step.issue & step.first_group  # a held weight beat is read and decoded once
        issued = _Delay(m, "issued", step.issue)
        decode = _Delay(m, "read", read).after(1)

        # t + 1: memory outputs; at its end they go into registers again.
        activations = Signal(len(ring.head), reset_less=True)
        nonzero = Signal(spec.slices * spec.lanes, reset_less=True)
        with m.If(issued.after(1)):
            m.d.sync += [
                activations.eq(ring.head),
                nonzero.eq(
                    Cat(
                        ring.head.word_select(lane, ACTIVATION_BITS).any()
                        for lane in range(len(nonzero))
                    )
                ),
            ]

        # t + 2 + T: the trees' sums meet the accumulators. One cycle later they are written out.
        accumulate = issued.after(2 + latency)
        replace = _Delay(m, "first_beat", step.first_beat).after(2 + latency)
        finish = _Delay(m, "last_beat", step.last_beat)
        group = _Delay(m, "group", step.group).after(2 + latency)
        for column in columns:
            m.d.comb += [
                column.read.eq(read),
                column.pop.eq(step.issue & step.last_group),
                column.decode.eq(decode),
                column.activations.eq(activations),
                column.activation_nonzero.eq(nonzero),
                column.accumulate.eq(accumulate),
                column.replace.eq(replace),
                column.finish.eq(finish.after(2 + latency)),
                column.group.eq(group),
            ]
        m.d.comb += [
            # Never refused: the sequencer has taken a place for it.
            results.w_en.eq(issued.after(3 + latency) & finish.after(3 + latency)),
            results.w_data.eq(Cat(column.sums for column in columns)),
            counters.clear.eq(self.clear_counters if self.counters_by_port else step.start),
            counters.activity.eq(step.activity),
            counters.count.eq(issued.after(4 + latency)),
        ]
        for index, column in enumerate(columns):
            m.d.comb += [
                counters.worked[index].eq(column.worked),
                counters.subtracted[index].eq(column.subtracted),
            ]
        m.d.comb += [getattr(self, name).eq(getattr(counters, name)) for name in COUNTERS]
        return m


class _Delay:
    """A signal and its past."""

    def __init__(self, m: Module, name: str, now: Value) -> None:
        self._m = m
        self._name = name
        self._past = [now]

    def after(self, cycles: int) -> Value:
        """The signal, `cycles` later."""
        while len(self._past) <= cycles:
            register = Signal(len(self._past[-1]), name=f"{self._name}_after_{len(self._past)}")
            self._m.d.sync += register.eq(self._past[-1])
            self._past.append(register)
        return self._past[cycles]
