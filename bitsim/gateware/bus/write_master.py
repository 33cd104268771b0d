"""Writes the words of a job, burst by burst, as they come."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Signal, unsigned
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.streams import COUNTER_BITS
from bitsim.gateware.bus.axi import (
    WORDS_BITS,
    AxiWriteSignature,
    BurstPlace,
    Response,
    drive_constants,
)
from bitsim.spec.link.axi4 import Axi4BusSpec


def write_job(bus: Axi4BusSpec) -> data.StructLayout:
    """Words, at least 1, from an address on."""
    return data.StructLayout({"address": unsigned(bus.address_bits), "words": unsigned(WORDS_BITS)})


class WriteState(enum.Enum, shape=1):
    """Whether the master holds a job."""

    NO_JOB = 0
    JOB = 1


class WriteAction(enum.Enum, shape=2):
    """What the master does in a cycle: the first that applies, in this order."""

    WAIT = 0
    TAKE_JOB = 1
    FINISH = 2
    ANNOUNCE = 3


class WriteMaster(wiring.Component):
    """Announces a burst once all its words are there, so that none keeps the bus waiting.

    jobs         what to write
    axi          the bus
    ready, head, pop    of the FIFO in front
    finished     the job's last response has come; it ends in this cycle
    clear        start counting from 0, forget errors
    transferred  words
    error        some response was not OKAY
    """

    def __init__(self, bus: Axi4BusSpec) -> None:
        self.bus = bus
        super().__init__(
            {
                "jobs": In(stream.Signature(write_job(bus))),
                "axi": Out(AxiWriteSignature(bus)),
                "ready": In(range(bus.write_fifo_words + 1)),
                "head": In(bus.data_bits),
                "pop": Out(1),
                "finished": Out(1),
                "clear": In(1),
                "transferred": Out(COUNTER_BITS),
                "error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, axi, job = self.bus, self.axi, self.jobs.payload
        place = BurstPlace(m, bus)
        drive_constants(m, axi, "aw", bus)
        state = Signal(WriteState)
        action = Signal(WriteAction)
        to_send = Signal.like(place.length)  # words of the burst announced last
        unanswered = Signal(range(bus.outstanding + 1))

        with m.If(state == WriteState.NO_JOB):
            with m.If(self.jobs.valid):
                m.d.comb += action.eq(WriteAction.TAKE_JOB)
        with m.Elif(~axi.awvalid & (to_send == 0)):
            with m.If(place.left != 0):
                with m.If((unanswered != bus.outstanding) & (self.ready >= place.length)):
                    m.d.comb += action.eq(WriteAction.ANNOUNCE)
            with m.Elif(unanswered == 0):
                m.d.comb += action.eq(WriteAction.FINISH)
        m.d.comb += [
            self.jobs.ready.eq(action == WriteAction.TAKE_JOB),
            self.finished.eq(action == WriteAction.FINISH),
            axi.wvalid.eq(to_send != 0),
            axi.wlast.eq(to_send == 1),
            axi.wdata.eq(self.head),
            axi.wstrb.eq(Const(-1, len(axi.wstrb))),
            self.pop.eq(axi.wvalid & axi.wready),
            axi.bready.eq(1),
        ]

        with m.If(axi.awready):
            m.d.sync += axi.awvalid.eq(0)
        with m.If(self.pop):
            m.d.sync += to_send.eq(to_send - 1)
        with m.Switch(action):
            with m.Case(WriteAction.TAKE_JOB):
                m.d.sync += [*place.begin(job.address, job.words), state.eq(WriteState.JOB)]
            with m.Case(WriteAction.FINISH):
                m.d.sync += state.eq(WriteState.NO_JOB)
            with m.Case(WriteAction.ANNOUNCE):
                m.d.sync += [
                    *place.step(),
                    to_send.eq(place.length),
                    axi.awvalid.eq(1),
                    axi.awaddr.eq(place.address),
                    axi.awlen.eq(place.length - 1),
                ]
        announced = action == WriteAction.ANNOUNCE
        m.d.sync += unanswered.eq(unanswered + announced - axi.bvalid)
        with m.If(self.clear):
            m.d.sync += [self.transferred.eq(0), self.error.eq(0)]
        with m.Else():
            m.d.sync += self.transferred.eq(self.transferred + self.pop)
            with m.If(axi.bvalid & (axi.bresp != Response.OKAY)):
                m.d.sync += self.error.eq(1)
        return m
