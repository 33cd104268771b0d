"""Everything between the list and one stream of the array that is read from memory."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.streams import COUNTER_BITS
from bitsim.gateware.bus.axi import AxiReadSignature
from bitsim.gateware.bus.gearbox import Gearbox
from bitsim.gateware.bus.job_queue import JobQueue
from bitsim.gateware.bus.read_master import ReadMaster, read_job
from bitsim.gateware.bus.word_fifo import WordFifo
from bitsim.gateware.once import Platform, once
from bitsim.spec.link.axi4 import Axi4BusSpec


class ReadPort(wiring.Component):
    """Job queue, read master, FIFO and gearbox in a row; the ports are theirs."""

    clocked = True

    def __init__(self, module: str, bus: Axi4BusSpec, beat_words: int, beat_bits: int) -> None:
        self.module = module
        self.bus = bus
        self.beat_words = beat_words
        self.beat_bits = beat_bits
        super().__init__(
            {
                "jobs": In(stream.Signature(read_job(bus))),
                "axi": Out(AxiReadSignature(bus)),
                "beats": Out(stream.Signature(beat_bits)),
                "clear": In(1),
                "transferred": Out(COUNTER_BITS),
                "error": Out(1),
            }
        )

    @once
    def elaborate(self, platform: Platform | None) -> Module:
        m = Module()
        bus = self.bus
        m.submodules.queue = queue = JobQueue(read_job(bus))
        m.submodules.master = master = ReadMaster(bus)
        m.submodules.fifo = fifo = WordFifo(bus.data_bits, bus.read_fifo_words)
        m.submodules.gearbox = gearbox = Gearbox(bus.data_bits, self.beat_words, self.beat_bits)
        wiring.connect(m, wiring.flipped(self.jobs), queue.enter)
        wiring.connect(m, queue.leave, master.jobs)
        wiring.connect(m, master.axi, wiring.flipped(self.axi))
        wiring.connect(m, gearbox.beats, wiring.flipped(self.beats))
        m.d.comb += [
            fifo.push.eq(master.words.valid),
            fifo.pushed.eq(master.words.payload),
            gearbox.words.valid.eq(fifo.ready != 0),
            gearbox.words.payload.eq(fifo.head),
            fifo.pop.eq(gearbox.words.valid & gearbox.words.ready),
            master.word_left.eq(fifo.pop),
            master.clear.eq(self.clear),
            self.transferred.eq(master.transferred),
            self.error.eq(master.error),
        ]
        return m
