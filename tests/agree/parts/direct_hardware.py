"""`direct` in Amaranth."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.streams import COUNTER_BITS, COUNTERS, PHASE
from tests.agree.parts.direct_spec import SUM_BITS, DirectSpec


class State(enum.Enum, shape=2):
    """As of every array (docs/machine.md)."""

    IDLE = 0
    RUN = 1
    DRAIN = 2


class Direct(wiring.Component):
    """The streams of an array, a register for each."""

    def __init__(self, spec: DirectSpec, counters_by_port: bool = False) -> None:
        assert not counters_by_port, "alone, without a link"
        self.spec = spec
        super().__init__(
            {
                "phases": In(stream.Signature(PHASE)),
                "weights": In(stream.Signature(8 * spec.feed_bytes)).array(1),
                "activations": In(stream.Signature(8 * spec.places)),
                "results": Out(stream.Signature(SUM_BITS)),
                **{name: Out(COUNTER_BITS) for name in COUNTERS},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        state = Signal(State)
        weights, weights_held = Signal(8 * self.spec.feed_bytes), Signal()
        activations, activations_held = Signal(8 * self.spec.places), Signal()
        result, result_held = Signal(signed(SUM_BITS)), Signal()
        last_beat, beat = Signal(16), Signal(16)
        left, total = Signal(32), Signal(signed(SUM_BITS))
        busy, last, run = Signal(), Signal(), Signal()
        m.d.comb += [
            self.phases.ready.eq(state == State.IDLE),
            self.weights[0].ready.eq(~weights_held),
            self.activations.ready.eq(~activations_held),
            self.results.valid.eq(result_held),
            self.results.payload.eq(result),
            last.eq(beat == last_beat),
            run.eq(state == State.RUN),
            busy.eq(run & weights_held & activations_held & ~(last & result_held)),
        ]
        for arrives, held, register in (
            (self.weights[0], weights_held, weights),
            (self.activations, activations_held, activations),
        ):
            with m.If(arrives.valid & arrives.ready):
                m.d.sync += [held.eq(1), register.eq(arrives.payload)]
        with m.If(result_held & self.results.ready):
            m.d.sync += result_held.eq(0)

        worked, subtracted, sums = [], [], []
        for place in range(self.spec.places):
            digit = weights.word_select(place, 2)
            value = activations.word_select(place, 8)
            live = (digit != 1) & value.any()
            signed_value = Signal(signed(9), name=f"value_{place}")
            m.d.comb += signed_value.eq(value.as_signed())
            worked.append(live)
            subtracted.append(live & (digit == 0))
            sums.append(Mux(digit == 2, signed_value, Mux(digit == 0, -signed_value, 0)))
        step = Signal(signed(SUM_BITS))
        m.d.comb += step.eq(Mux(beat == 0, 0, total) + sum(sums))
        with m.If(busy):
            m.d.sync += [
                weights_held.eq(0),
                activations_held.eq(0),
                total.eq(step),
                beat.eq(Mux(last, 0, beat + 1)),
            ]
            with m.If(last):
                m.d.sync += [result.eq(step), result_held.eq(1), left.eq(left - 1)]
                with m.If(left == 1):
                    m.d.sync += state.eq(State.DRAIN)
        with m.If((state == State.DRAIN) & result_held & self.results.ready):
            m.d.sync += state.eq(State.IDLE)

        adds, subtracts = sum(worked) - sum(subtracted), sum(subtracted)
        counted = {
            "cycles": state != State.IDLE,
            "busy": busy,
            "wait_weights": run & ~weights_held,
            "wait_activations": run & weights_held & ~activations_held,
            "wait_results": run & weights_held & activations_held & ~busy,
            "drain": state == State.DRAIN,
            "adds": Mux(busy, adds, 0),
            "subtracts": Mux(busy, subtracts, 0),
            "skips": Mux(busy, self.spec.places - sum(worked), 0),
        }
        for name, more in counted.items():
            m.d.sync += getattr(self, name).eq(getattr(self, name) + more)
        with m.If(self.phases.valid & self.phases.ready):
            shape = self.phases.payload
            m.d.sync += [
                state.eq(State.RUN),
                last_beat.eq(shape.k_beats - 1),
                left.eq(shape.row_tiles * shape.groups),
                beat.eq(0),
                *(getattr(self, name).eq(0) for name in COUNTERS),
            ]
        return m
