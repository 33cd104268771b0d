"""A memory on the chip for all masters of an accelerator, and for a host's words of 32 bits."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import enum, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from bitsim.gateware.bus.axi import AxiReadSignature, AxiWriteSignature
from bitsim.spec.link.axi4 import Axi4BusSpec
from bitsim.units import BITS_PER_BYTE

HOST_BITS = 32
HOST_BYTES = HOST_BITS // BITS_PER_BYTE


class MemoryAccess(wiring.Signature):
    """One word of 32 bits at a time, as who asks for it sees it.

    valid    held, with the others, until ready
    index    of the word: address / 4; inside the memory
    answer   what was read, in the cycle after the one with `ready`
    """

    def __init__(self, memory_bytes: int) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "write": Out(1),
                "index": Out(range(memory_bytes // HOST_BYTES)),
                "data": Out(HOST_BITS),
                "ready": In(1),
                "answer": In(HOST_BITS),
            }
        )


class ReadState(enum.Enum, shape=2):
    """What the read side does."""

    CHOOSE = 0  # one of the masters that ask, or the host
    TAKE = 1  # its address
    SEND = 2


class WriteState(enum.Enum, shape=2):
    """What the write side does."""

    TAKE = 0  # an address, or a word of the host
    STORE = 1
    ANSWER = 2


class OnchipMemory(wiring.Component):
    """Simple dual-port block RAM: one word read and one written in a cycle.

    read   AXI4 read slaves: whole INCR bursts, one after the other, in turn
    write  AXI4 write slave
    host   between bursts

    Bursts are of whole words (`size` and `burst` are not looked at). What lies outside the memory
    is answered with DECERR, and not written. No `ready` depends on a `valid` of its port.
    """

    def __init__(self, bus: Axi4BusSpec, memory_bytes: int, readers: int) -> None:
        self.bus = bus
        self.memory_bytes = memory_bytes
        self.readers = readers
        self.words = memory_bytes // bus.word_bytes
        self.byte_bits = (bus.word_bytes - 1).bit_length()
        super().__init__(
            {
                "read": In(AxiReadSignature(bus)).array(readers),
                "write": In(AxiWriteSignature(bus)),
                "host": In(MemoryAccess(memory_bytes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Memory(shape=self.bus.data_bits, depth=self.words, init=[])
        host_read = Signal()
        host_write = Signal()
        self._read_side(m, memory, host_read)
        self._write_side(m, memory, host_write)
        m.d.comb += self.host.ready.eq(host_read | host_write)
        return m

    def _read_side(self, m: Module, memory: Memory, host_read: Signal) -> None:
        host = self.host
        read = memory.read_port()
        ports = self.read
        state = Signal(ReadState, name="read_state")
        chosen = Signal(range(max(2, self.readers)))
        word = Signal(self.bus.address_bits - self.byte_bits, name="read_word", reset_less=True)
        left = Signal(range(257), name="read_left")  # words not yet addressed
        offered = Signal()  # `read.data` is a word of the burst
        taken = Signal()
        address, length, identity, waits = (
            Signal.like(value, name=f"chosen_{name}")
            for name, value in (
                ("address", ports[0].araddr),
                ("length", ports[0].arlen),
                ("id", ports[0].arid),
                ("ready", ports[0].rready),
            )
        )
        burst_id = Signal.like(identity)
        outside = Signal(name="read_outside")
        host_lane = Signal(range(max(2, self._lanes)), name="host_lane")
        m.d.comb += [
            host_read.eq((state == ReadState.CHOOSE) & host.valid & ~host.write),
            read.en.eq(host_read),
            read.addr.eq(word),
            host.answer.eq(read.data.word_select(host_lane, HOST_BITS)),
            taken.eq(offered & waits),
        ]
        with m.Switch(chosen):
            for index, port in enumerate(ports):
                with m.Case(index):
                    m.d.comb += [
                        address.eq(port.araddr),
                        length.eq(port.arlen),
                        identity.eq(port.arid),
                        waits.eq(port.rready),
                        port.arready.eq(state == ReadState.TAKE),
                        port.rvalid.eq(offered),
                    ]
        for port in ports:
            m.d.comb += [
                port.rdata.eq(read.data),
                port.rresp.eq(outside << 1 | outside),
                port.rlast.eq(left == 0),
                port.rid.eq(burst_id),
            ]
        with m.Switch(state):
            with m.Case(ReadState.CHOOSE):
                with m.If(host_read):
                    m.d.comb += read.addr.eq(self._word_of(host.index))
                    m.d.sync += host_lane.eq(self._lane_of(host.index))
                with m.Else():
                    self._choose(m, chosen, Cat(port.arvalid for port in ports), state)
            with m.Case(ReadState.TAKE):
                m.d.sync += [
                    state.eq(ReadState.SEND),
                    word.eq(address[self.byte_bits :]),
                    left.eq(length + 1),
                    burst_id.eq(identity),
                    outside.eq((address >> self.byte_bits) + length >= self.words),
                ]
            with m.Case(ReadState.SEND):
                with m.If(~offered | taken):
                    m.d.comb += read.en.eq(left != 0)
                    m.d.sync += offered.eq(left != 0)
                    with m.If(left != 0):
                        m.d.sync += [word.eq(word + 1), left.eq(left - 1)]
                    with m.Elif(offered):
                        m.d.sync += state.eq(ReadState.CHOOSE)

    def _choose(self, m: Module, chosen: Signal, asks: Value, state: Signal) -> None:
        """The next master that asks, after the one that was served last."""
        with m.If(asks.any()):
            m.d.sync += state.eq(ReadState.TAKE)
        with m.Switch(chosen):
            for last in range(self.readers):
                with m.Case(last):
                    for step in reversed(range(1, self.readers + 1)):
                        index = (last + step) % self.readers
                        with m.If(asks[index]):
                            m.d.sync += chosen.eq(index)

    def _write_side(self, m: Module, memory: Memory, host_write: Signal) -> None:
        host, axi = self.host, self.write
        write = memory.write_port(granularity=BITS_PER_BYTE)
        state = Signal(WriteState, name="write_state")
        word = Signal(self.bus.address_bits - self.byte_bits, name="write_word", reset_less=True)
        outside = Signal(name="write_outside")
        m.d.comb += [
            host_write.eq((state == WriteState.TAKE) & host.valid & host.write),
            axi.awready.eq((state == WriteState.TAKE) & ~host_write),
            axi.wready.eq(state == WriteState.STORE),
            axi.bvalid.eq(state == WriteState.ANSWER),
            axi.bresp.eq(outside << 1 | outside),
            write.addr.eq(word),
            write.data.eq(axi.wdata),
        ]
        with m.Switch(state):
            with m.Case(WriteState.TAKE):
                with m.If(host_write):
                    lane = self._lane_of(host.index)
                    m.d.comb += [
                        write.addr.eq(self._word_of(host.index)),
                        write.data.eq(host.data.replicate(self._lanes)),
                        write.en.word_select(lane, HOST_BYTES).eq((1 << HOST_BYTES) - 1),
                    ]
                with m.Elif(axi.awvalid):
                    m.d.sync += [
                        state.eq(WriteState.STORE),
                        word.eq(axi.awaddr[self.byte_bits :]),
                        axi.bid.eq(axi.awid),
                        outside.eq((axi.awaddr >> self.byte_bits) + axi.awlen >= self.words),
                    ]
            with m.Case(WriteState.STORE):
                with m.If(axi.wvalid):
                    with m.If(~outside):
                        m.d.comb += write.en.eq(axi.wstrb)
                    m.d.sync += word.eq(word + 1)
                    with m.If(axi.wlast):
                        m.d.sync += state.eq(WriteState.ANSWER)
            with m.Case(WriteState.ANSWER):
                with m.If(axi.bready):
                    m.d.sync += state.eq(WriteState.TAKE)

    @property
    def _lanes(self) -> int:
        """Host words in a word."""
        return self.bus.data_bits // HOST_BITS

    def _word_of(self, index: Value) -> Value:
        return index >> (self._lanes.bit_length() - 1)

    def _lane_of(self, index: Value) -> Value:
        return index % self._lanes
