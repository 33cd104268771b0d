"""Everything between the list and one stream of the array that is read from memory."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO, SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.streams import COUNTER_BITS
from bitsim.gateware.bus.axi import AxiReadSignature
from bitsim.gateware.bus.gearbox import Gearbox
from bitsim.gateware.bus.list_reader import QUEUED_JOBS
from bitsim.gateware.bus.read_master import ReadMaster, read_job
from bitsim.gateware.once import Platform, once
from bitsim.spec.link.axi4 import Axi4BusSpec


def word_fifo(bits: int, words: int) -> SyncFIFOBuffered:
    """Block RAM for `words`; one that enters in cycle t can leave from t + 2 on.

    With its output register it has a place more, so that `words` always fit. Whoever fills it has
    to count them: it takes one more.
    """
    return SyncFIFOBuffered(width=bits, depth=words + 1)


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
        m.submodules.queue = queue = SyncFIFO(width=read_job(bus).size, depth=QUEUED_JOBS)
        m.submodules.master = master = ReadMaster(bus)
        m.submodules.fifo = fifo = word_fifo(bus.data_bits, bus.read_fifo_words)
        m.submodules.gearbox = gearbox = Gearbox(bus.data_bits, self.beat_words, self.beat_bits)
        wiring.connect(m, wiring.flipped(self.jobs), queue.w_stream)
        wiring.connect(m, queue.r_stream, master.jobs)
        wiring.connect(m, master.axi, wiring.flipped(self.axi))
        wiring.connect(m, fifo.r_stream, gearbox.words)
        wiring.connect(m, gearbox.beats, wiring.flipped(self.beats))
        m.d.comb += [
            fifo.w_en.eq(master.words.valid),
            fifo.w_data.eq(master.words.payload),
            master.word_left.eq(gearbox.words.valid & gearbox.words.ready),
            master.clear.eq(self.clear),
            self.transferred.eq(master.transferred),
            self.error.eq(master.error),
        ]
        return m
