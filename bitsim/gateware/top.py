"""The accelerator: the array, and around it what fetches, writes back and runs a list of phases.

docs/top.md is its contract.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.dataflows import make_array
from bitsim.gateware.array.streams import COUNTER_BITS, COUNTERS, PHASE
from bitsim.gateware.bus.axi import AxiMasters
from bitsim.gateware.bus.list_reader import QUEUED_JOBS, ListReader, list_write_ports
from bitsim.gateware.bus.read_port import ReadPort
from bitsim.gateware.bus.write_port import WritePort
from bitsim.gateware.once import Platform, once
from bitsim.gateware.results.stage import result_job
from bitsim.spec.array.array import ArraySpec
from bitsim.spec.link.axi4 import Axi4BusSpec, BusLayout
from bitsim.spec.link.registry import LINKS
from bitsim.spec.registry import home
from bitsim.units import BITS_PER_BYTE


def make_top(array: ArraySpec, bus: Axi4BusSpec) -> wiring.Component:
    """An array with its link, of the kind that the file says."""
    return home(LINKS[bus.kind].hardware)(array, bus)


class Top(wiring.Component):
    """Ports: AXI4 masters `m_axi_...`, the list, `start` with its outcome, counters."""

    module = "top"
    clocked = True

    def __init__(self, array: ArraySpec, bus: Axi4BusSpec) -> None:
        self.array = array
        self.bus = bus
        super().__init__(
            {
                **list_write_ports(bus),
                "start": In(1),
                "count": In(range(bus.list_entries + 1)),
                "busy": Out(1),
                "done": Out(1),
                "errors": Out(bus.weight_ports + 2),
                **{name: Out(COUNTER_BITS) for name in top_counters(bus)},
                **{f"array_{name}": Out(COUNTER_BITS) for name in COUNTERS},
                "m_axi": Out(AxiMasters(bus)),
            }
        )

    @once
    def elaborate(self, platform: Platform | None) -> Module:
        m = Module()
        m.submodules.reader = reader = ListReader(self.bus)
        m.submodules.phase_queue = phases = SyncFIFO(width=PHASE.size, depth=QUEUED_JOBS)
        m.submodules.array = array = make_array(self.array, counters_by_port=True)
        weights = [self._weight_port(m, array, index) for index in range(self.bus.weight_ports)]
        activations = self._activation_port(m, array)
        results = self._result_port(m, array)
        masters: list[ReadPort | WritePort] = [*weights, activations, results]

        wiring.connect(m, phases.r_stream, array.phases)
        self._hand_out(m, reader, phases, weights, activations, results)
        for name in (*list_write_ports(self.bus), "start", "count"):
            m.d.comb += getattr(reader, name).eq(getattr(self, name))
        m.d.comb += [
            self.busy.eq(reader.busy),
            self.done.eq(reader.done),
            reader.finished.eq(results.finished),
            array.clear_counters.eq(reader.begins),
            self.errors.eq(Cat(master.error for master in masters)),
            self.list_cycles.eq(reader.cycles),
            *(master.clear.eq(reader.begins) for master in masters),
            *(
                getattr(self, name).eq(master.transferred)
                for name, master in zip(top_counters(self.bus)[1:], masters, strict=True)
            ),
            *(getattr(self, f"array_{name}").eq(getattr(array, name)) for name in COUNTERS),
        ]
        return m

    def _weight_port(self, m: Module, array: wiring.PureInterface, index: int) -> ReadPort:
        """A port and its columns: their queues are equally full, so one speaks for all."""
        layout = BusLayout(self.array, self.bus)
        beat_bits = self.array.feed_bytes * BITS_PER_BYTE
        port = ReadPort("weight_port", self.bus, layout.step_words, layout.port_feeds * beat_bits)
        m.submodules[f"weights_{index}_port"] = port
        wiring.connect(m, port.axi, wiring.flipped(self.m_axi.weights[index]))
        first = index * layout.port_feeds
        columns = array.weights[first : first + layout.port_feeds]
        m.d.comb += port.beats.ready.eq(columns[0].ready)
        for column, weights in enumerate(columns):
            m.d.comb += [
                weights.valid.eq(port.beats.valid),
                weights.payload.eq(port.beats.payload.word_select(column, beat_bits)),
            ]
        return port

    def _activation_port(self, m: Module, array: wiring.PureInterface) -> ReadPort:
        beat_words = BusLayout(self.array, self.bus).activation_words
        beat_bits = len(array.activations.payload)
        port = ReadPort("activation_port", self.bus, beat_words, beat_bits)
        m.submodules.activations_port = port
        wiring.connect(m, port.axi, wiring.flipped(self.m_axi.activations))
        wiring.connect(m, port.beats, array.activations)
        return port

    def _result_port(self, m: Module, array: wiring.PureInterface) -> WritePort:
        sums = self.array.beat_sums
        m.submodules.results_port = port = WritePort(
            self.bus, sums, self.array.result_bits, self.array.hold_groups
        )
        wiring.connect(m, port.axi, wiring.flipped(self.m_axi.results))
        wiring.connect(m, array.results, port.beats)
        return port

    def _hand_out(
        self,
        m: Module,
        reader: ListReader,
        phases: SyncFIFO,
        weights: list[ReadPort],
        activations: ReadPort,
        results: WritePort,
    ) -> None:
        """The jobs of an entry enter all queues in the same cycle."""
        entry = reader.entries.payload
        phase = PHASE(phases.w_data)
        queues = [phases.w_stream, activations.jobs, results.jobs, *(port.jobs for port in weights)]
        if self.bus.results is not None:
            queues.append(results.forms)
            m.d.comb += [
                getattr(results.forms.payload, field).eq(_form(entry, field))
                for field, _ in result_job(self.bus.results)
            ]
        push = Signal()
        m.d.comb += [
            reader.entries.ready.eq(Cat(queue.ready for queue in queues).all()),
            push.eq(reader.entries.valid & reader.entries.ready),
            *(queue.valid.eq(push) for queue in queues),
            *(
                getattr(phase, field).eq(getattr(entry, field))
                for field in ("row_tiles", "k_beats", "groups")
            ),
            activations.jobs.payload.address.eq(entry.activations_address),
            activations.jobs.payload.words.eq(entry.activations_words),
            activations.jobs.payload.passes.eq(1),
            results.jobs.payload.address.eq(entry.results_address),
            results.jobs.payload.words.eq(entry.results_words),
        ]
        for index, port in enumerate(weights):
            m.d.comb += [
                port.jobs.payload.address.eq(
                    entry.weights_address + _times(m, entry.weights_stride, index)
                ),
                port.jobs.payload.words.eq(entry.weights_words),
                port.jobs.payload.passes.eq(entry.passes),
            ]


def _form(entry: data.View, field: str) -> Value:
    """A field of the result stage's job."""
    value: Value = getattr(entry, field)
    return value != 0 if field == "codes" else value


def _times(m: Module, stride: Value, factor: int) -> Value:
    """A small multiple by adders of powers of two: no multiplier, and no long chain."""
    lowest = factor & -factor
    if factor == lowest:
        return stride << (factor.bit_length() - 1) if factor else Const(0)
    product = Signal(len(stride) + factor.bit_length(), name=f"stride_times_{factor}")
    m.d.comb += product.eq(_times(m, stride, factor - lowest) + _times(m, stride, lowest))
    return product


def read_ports(bus: Axi4BusSpec) -> list[str]:
    """Names of the read masters."""
    return [*(f"weights_{index}" for index in range(bus.weight_ports)), "activations"]


def axi_name(port: str) -> str:
    """What the names of a master's ports begin with, without the last `_`."""
    return f"m_axi_{port}"


def top_counters(bus: Axi4BusSpec) -> list[str]:
    """Counters beside the array's: of cycles, and of each master's words."""
    words = [f"weight_words_{index}" for index in range(bus.weight_ports)]
    return ["list_cycles", *words, "activation_words", "result_words"]
