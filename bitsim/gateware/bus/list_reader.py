"""The list of phases, and what makes jobs of its entries."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from bitsim.gateware.array.streams import COUNTER_BITS, TILE_BITS
from bitsim.gateware.bus.axi import WORDS_BITS
from bitsim.gateware.bus.read_master import PASSES_BITS
from bitsim.spec.link.axi4 import Axi4BusSpec

ADDRESS_BITS = 64  # in an entry, whatever the bus has
STRIDE_BITS = 32
FORM_BITS = 16
ENTRY_WORD_BITS = 32  # what can be written by itself
QUEUED_JOBS = 2  # of a phase, a master or the result stage, that wait in a queue

# The fields of `bitsim.spec.link.axi4.ListEntry`, first lowest.
ENTRY = data.StructLayout(
    {
        "row_tiles": unsigned(TILE_BITS),
        "k_beats": unsigned(TILE_BITS),
        "groups": unsigned(TILE_BITS),
        "passes": unsigned(PASSES_BITS),
        "weights_address": unsigned(ADDRESS_BITS),
        "weights_stride": unsigned(STRIDE_BITS),
        "weights_words": unsigned(WORDS_BITS),
        "activations_address": unsigned(ADDRESS_BITS),
        "activations_words": unsigned(WORDS_BITS),
        "results_address": unsigned(ADDRESS_BITS),
        "results_words": unsigned(WORDS_BITS),
        "digits": unsigned(FORM_BITS),
        "codes": unsigned(FORM_BITS),
    }
)
ENTRY_WORDS = ENTRY.size // ENTRY_WORD_BITS


class ListState(enum.Enum, shape=2):
    """What the reader does; docs/top.md says when it goes on."""

    IDLE = 0
    READ = 1
    PUSH = 2
    WAIT = 3


class ListReader(wiring.Component):
    """Runs through the list once for each start.

    list_enable       32-bit words of `list_data` that are written into entry `list_index`
    start, count      in IDLE: begin the list of this many entries, at least 1
    begins            the list begins at the end of this cycle
    busy, done        a list is running; one has ended and none has begun since
    entries           each entry, once: ready when every job queue has a place
    finished          a result job ends in this cycle
    cycles            that were not IDLE
    """

    def __init__(self, bus: Axi4BusSpec) -> None:
        self.bus = bus
        super().__init__(
            {
                **list_write_ports(bus),
                "start": In(1),
                "count": In(range(bus.list_entries + 1)),
                "begins": Out(1),
                "busy": Out(1),
                "done": Out(1),
                "entries": Out(stream.Signature(ENTRY)),
                "finished": In(1),
                "cycles": Out(COUNTER_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Memory(
            shape=ENTRY.size, depth=self.bus.list_entries, init=[]
        )
        write = memory.write_port(granularity=ENTRY_WORD_BITS)
        read = memory.read_port()
        state = Signal(ListState)
        place = Signal(range(self.bus.list_entries))  # of the entry that is next
        left = Signal.like(self.count)  # entries not yet pushed
        unfinished = Signal.like(self.count)
        pushed = Signal()
        m.d.comb += [
            write.en.eq(self.list_enable),
            write.addr.eq(self.list_index),
            write.data.eq(self.list_data),
            read.en.eq(state == ListState.READ),
            read.addr.eq(place),
            self.begins.eq((state == ListState.IDLE) & self.start),
            self.busy.eq(state != ListState.IDLE),
            self.entries.valid.eq(state == ListState.PUSH),
            self.entries.payload.eq(read.data),
            pushed.eq(self.entries.valid & self.entries.ready),
        ]
        with m.Switch(state):
            with m.Case(ListState.IDLE):
                with m.If(self.start):
                    m.d.sync += [
                        state.eq(ListState.READ),
                        place.eq(0),
                        left.eq(self.count),
                        unfinished.eq(self.count),
                        self.done.eq(0),
                        self.cycles.eq(0),
                    ]
            with m.Case(ListState.READ):
                m.d.sync += [state.eq(ListState.PUSH), place.eq(place + 1), left.eq(left - 1)]
            with m.Case(ListState.PUSH):
                with m.If(pushed & (left == 0)):
                    m.d.sync += state.eq(ListState.WAIT)
                with m.Elif(pushed):
                    m.d.sync += state.eq(ListState.READ)
            with m.Case(ListState.WAIT):
                with m.If(unfinished == 0):
                    m.d.sync += [state.eq(ListState.IDLE), self.done.eq(1)]
        with m.If(self.busy):
            m.d.sync += self.cycles.eq(self.cycles + 1)
        with m.If(self.finished):
            m.d.sync += unfinished.eq(unfinished - 1)
        return m


def list_write_ports(bus: Axi4BusSpec) -> dict[str, object]:
    """How the host writes the list, at any time; not the entries of a list that runs."""
    return {
        "list_enable": In(ENTRY_WORDS),
        "list_index": In(range(bus.list_entries)),
        "list_data": In(ENTRY.size),
    }
