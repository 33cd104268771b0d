"""The jobs that wait for a master."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

PLACES = 2


class JobQueue(wiring.Component):
    """Two places. A job that enters can be taken from the next cycle on.

    enter   accepted while fewer than two jobs are held at the start of the cycle
    leave   the job held longest
    """

    def __init__(self, job: object) -> None:
        super().__init__({"enter": In(stream.Signature(job)), "leave": Out(stream.Signature(job))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        held = Signal(range(PLACES + 1))
        first = Signal.like(self.leave.payload, name="first", reset_less=True)
        second = Signal.like(self.leave.payload, name="second", reset_less=True)
        push = Signal()
        pop = Signal()
        m.d.comb += [
            self.enter.ready.eq(held != PLACES),
            self.leave.valid.eq(held != 0),
            self.leave.payload.eq(first),
            push.eq(self.enter.valid & self.enter.ready),
            pop.eq(self.leave.valid & self.leave.ready),
        ]
        with m.If(pop):
            m.d.sync += first.eq(second)
        with m.If(push):
            with m.If(held - pop == 0):
                m.d.sync += first.eq(self.enter.payload)
            with m.Else():
                m.d.sync += second.eq(self.enter.payload)
        m.d.sync += held.eq(held + push - pop)
        return m
