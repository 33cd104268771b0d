"""Everything between the array's results and the memory that they are written to."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.streams import COUNTER_BITS
from bitsim.gateware.bus.axi import AxiWriteSignature
from bitsim.gateware.bus.list_reader import QUEUED_JOBS
from bitsim.gateware.bus.read_port import word_fifo
from bitsim.gateware.bus.write_master import WriteMaster, write_job
from bitsim.gateware.results.cutter import ResultCutter
from bitsim.gateware.results.stage import ResultStage, result_job
from bitsim.spec.link.axi4 import Axi4BusSpec


class WritePort(wiring.Component):
    """Cutter, FIFO, job queue and write master; the ports are theirs.

    forms  jobs of the result stage, if the bus has one

    hold   groups of a block
    """

    def __init__(self, bus: Axi4BusSpec, sums: int, sum_bits: int, hold: int) -> None:
        self.bus = bus
        self.sums = sums
        self.sum_bits = sum_bits
        self.hold = hold
        forms = (
            {"forms": In(stream.Signature(result_job(bus.results)))}
            if bus.results is not None
            else {}
        )
        super().__init__(
            {
                "jobs": In(stream.Signature(write_job(bus))),
                **forms,
                "beats": In(stream.Signature(sums * sum_bits)),
                "axi": Out(AxiWriteSignature(bus)),
                "finished": Out(1),
                "clear": In(1),
                "transferred": Out(COUNTER_BITS),
                "error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus = self.bus
        m.submodules.queue = queue = SyncFIFO(width=write_job(bus).size, depth=QUEUED_JOBS)
        m.submodules.cutter = cutter = ResultCutter(self.sums, self.sum_bits, bus.data_bits)
        m.submodules.fifo = fifo = word_fifo(bus.data_bits, bus.write_fifo_words)
        room = Signal()
        pushed_before = Signal()  # a word that entered in the cycle before cannot leave yet
        m.submodules.master = master = WriteMaster(bus)
        wiring.connect(m, wiring.flipped(self.jobs), queue.w_stream)
        wiring.connect(m, queue.r_stream, master.jobs)
        wiring.connect(m, wiring.flipped(self.beats), cutter.beats)
        wiring.connect(m, master.axi, wiring.flipped(self.axi))
        if bus.results is None:
            m.d.comb += [
                cutter.words.ready.eq(room),
                fifo.w_en.eq(cutter.words.valid & cutter.words.ready),
                fifo.w_data.eq(cutter.words.payload),
            ]
        else:
            width = result_job(bus.results).size
            m.submodules.form_queue = forms = SyncFIFO(width=width, depth=QUEUED_JOBS)
            m.submodules.stage = stage = ResultStage(
                bus.results,
                bus.data_bits,
                self.sum_bits,
                self.hold,
                cutter.beat_words,
            )
            wiring.connect(m, wiring.flipped(self.forms), forms.w_stream)
            wiring.connect(m, forms.r_stream, stage.jobs)
            wiring.connect(m, cutter.words, stage.words)
            m.d.comb += [
                stage.room.eq(room),
                fifo.w_en.eq(stage.push),
                fifo.w_data.eq(stage.pushed),
            ]
        m.d.sync += pushed_before.eq(fifo.w_en)
        m.d.comb += [
            room.eq(fifo.level != bus.write_fifo_words),
            master.ready.eq(fifo.level - pushed_before),
            master.head.eq(fifo.r_data),
            fifo.r_en.eq(master.pop),
            master.clear.eq(self.clear),
            self.finished.eq(master.finished),
            self.transferred.eq(master.transferred),
            self.error.eq(master.error),
        ]
        return m
