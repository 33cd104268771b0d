"""Prefetches what a job names, burst by burst."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.streams import COUNTER_BITS
from bitsim.gateware.bus.axi import (
    WORDS_BITS,
    AxiReadSignature,
    BurstPlace,
    Response,
    drive_constants,
)
from bitsim.spec.link.axi4 import Axi4BusSpec

PASSES_BITS = 16


def read_job(bus: Axi4BusSpec) -> data.StructLayout:
    """Words from an address on, read as often as there are passes; neither may be 0."""
    return data.StructLayout(
        {
            "address": unsigned(bus.address_bits),
            "words": unsigned(WORDS_BITS),
            "passes": unsigned(PASSES_BITS),
        }
    )


class ReadAction(enum.Enum, shape=2):
    """What a master does in a cycle: the first that applies, in this order."""

    WAIT = 0
    TAKE_JOB = 1
    NEXT_PASS = 2
    ASK = 3


class ReadMaster(wiring.Component):
    """Never asks for a word that its FIFO could not take, so it is always ready.

    jobs              what to read
    axi               the bus
    words             what arrives; there is always room for it
    word_left         a word leaves the FIFO
    clear             start counting from 0, forget errors
    transferred       words
    error             some response was not OKAY
    """

    def __init__(self, bus: Axi4BusSpec) -> None:
        self.bus = bus
        super().__init__(
            {
                "jobs": In(stream.Signature(read_job(bus))),
                "axi": Out(AxiReadSignature(bus)),
                "words": Out(stream.Signature(bus.data_bits, always_ready=True)),
                "word_left": In(1),
                "clear": In(1),
                "transferred": Out(COUNTER_BITS),
                "error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, axi, job = self.bus, self.axi, self.jobs.payload
        place = BurstPlace(m, bus)
        drive_constants(m, axi, "ar", bus)
        first_address = Signal.like(job.address, reset_less=True)
        words = Signal.like(job.words, reset_less=True)
        passes_after = Signal(PASSES_BITS)  # this one
        in_flight = Signal(range(bus.outstanding + 1))
        reserved = Signal(range(bus.read_fifo_words + 1))
        action = Signal(ReadAction)

        free = ~axi.arvalid | axi.arready
        fits = reserved + place.length <= bus.read_fifo_words
        with m.If(place.left != 0):
            with m.If(free & (in_flight != bus.outstanding) & fits):
                m.d.comb += action.eq(ReadAction.ASK)
        with m.Elif(passes_after != 0):
            m.d.comb += action.eq(ReadAction.NEXT_PASS)
        with m.Elif(self.jobs.valid):
            m.d.comb += action.eq(ReadAction.TAKE_JOB)
        m.d.comb += self.jobs.ready.eq(action == ReadAction.TAKE_JOB)

        with m.If(axi.arready):
            m.d.sync += axi.arvalid.eq(0)
        with m.Switch(action):
            with m.Case(ReadAction.TAKE_JOB):
                m.d.sync += [
                    *place.begin(job.address, job.words),
                    first_address.eq(job.address),
                    words.eq(job.words),
                    passes_after.eq(job.passes - 1),
                ]
            with m.Case(ReadAction.NEXT_PASS):
                m.d.sync += [
                    *place.begin(first_address, words),
                    passes_after.eq(passes_after - 1),
                ]
            with m.Case(ReadAction.ASK):
                m.d.sync += [
                    *place.step(),
                    axi.arvalid.eq(1),
                    axi.araddr.eq(place.address),
                    axi.arlen.eq(place.length - 1),
                ]

        arrived = Signal()
        asked = Signal()
        asked_words = Signal.like(place.length)
        m.d.comb += [
            asked.eq(action == ReadAction.ASK),
            axi.rready.eq(1),
            arrived.eq(axi.rvalid),
            self.words.valid.eq(arrived),
            self.words.payload.eq(axi.rdata),
        ]
        with m.If(asked):
            m.d.comb += asked_words.eq(place.length)
        m.d.sync += [
            in_flight.eq(in_flight + asked - (arrived & axi.rlast)),
            reserved.eq(reserved + asked_words - self.word_left),
        ]
        with m.If(self.clear):
            m.d.sync += [self.transferred.eq(0), self.error.eq(0)]
        with m.Elif(arrived):
            m.d.sync += self.transferred.eq(self.transferred + 1)
            with m.If(axi.rresp != Response.OKAY):
                m.d.sync += self.error.eq(1)
        return m
