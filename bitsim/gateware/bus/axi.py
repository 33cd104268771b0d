"""AXI4 ports and bursts of a master (Arm IHI 0022, AMBA AXI Protocol Specification, A2 and A3)."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Member, Out

from bitsim.spec.link.axi4 import BOUNDARY_BYTES, Axi4BusSpec

ID_BITS = 1
LENGTH_BITS = 8
WORDS_BITS = 32  # of the words of a job
CACHE = 0b0011  # normal memory, not cacheable, bufferable
PROTECTION = 0b000  # data, secure, unprivileged


class Burst(enum.Enum, shape=2):
    """How the address goes on from word to word."""

    FIXED = 0
    INCR = 1
    WRAP = 2


class Response(enum.Enum, shape=2):
    """What the memory says of a word read, or of a burst written."""

    OKAY = 0
    EXOKAY = 1
    SLVERR = 2
    DECERR = 3


def _address_channel(prefix: str, bus: Axi4BusSpec) -> dict[str, Member]:
    return {
        f"{prefix}id": Out(ID_BITS),
        f"{prefix}addr": Out(bus.address_bits),
        f"{prefix}len": Out(LENGTH_BITS),
        f"{prefix}size": Out(3),
        f"{prefix}burst": Out(Burst),
        f"{prefix}lock": Out(1),
        f"{prefix}cache": Out(4),
        f"{prefix}prot": Out(3),
        f"{prefix}qos": Out(4),
        f"{prefix}valid": Out(1),
        f"{prefix}ready": In(1),
    }


class AxiReadSignature(wiring.Signature):
    """The read address and read data channels of a master."""

    def __init__(self, bus: Axi4BusSpec) -> None:
        super().__init__(
            {
                **_address_channel("ar", bus),
                "rid": In(ID_BITS),
                "rdata": In(bus.data_bits),
                "rresp": In(Response),
                "rlast": In(1),
                "rvalid": In(1),
                "rready": Out(1),
            }
        )


class AxiWriteSignature(wiring.Signature):
    """The write address, write data and response channels of a master."""

    def __init__(self, bus: Axi4BusSpec) -> None:
        super().__init__(
            {
                **_address_channel("aw", bus),
                "wdata": Out(bus.data_bits),
                "wstrb": Out(bus.word_bytes),
                "wlast": Out(1),
                "wvalid": Out(1),
                "wready": In(1),
                "bid": In(ID_BITS),
                "bresp": In(Response),
                "bvalid": In(1),
                "bready": Out(1),
            }
        )


class AxiMasters(wiring.Signature):
    """All masters of an accelerator: who reads weights, activations, and who writes results.

    separator  between the names of a port in Verilog
    """

    separator = "_"

    def __init__(self, bus: Axi4BusSpec) -> None:
        read = AxiReadSignature(bus)
        super().__init__(
            {
                "weights": Out(read).array(bus.weight_ports),
                "activations": Out(read),
                "results": Out(AxiWriteSignature(bus)),
            }
        )


def masters_of(axi: wiring.PureInterface) -> list[wiring.PureInterface]:
    """Each of `AxiMasters`: readers first, the writer last. `wiring.connect` flips no arrays."""
    return [*axi.weights, axi.activations, axi.results]


def drive_constants(m: Module, port: wiring.PureInterface, prefix: str, bus: Axi4BusSpec) -> None:
    """What never changes on an address channel: whole words, one after the other, in order."""
    constants = {
        "id": 0,
        "size": (bus.word_bytes - 1).bit_length(),
        "burst": Burst.INCR,
        "lock": 0,
        "cache": CACHE,
        "prot": PROTECTION,
        "qos": 0,
    }
    m.d.comb += [getattr(port, f"{prefix}{name}").eq(value) for name, value in constants.items()]


class BurstPlace:
    """Where a master is within its job: the word that it asks for next, and the length to ask.

    word    its address, counted in words
    left    words still to be asked for
    length  of the next burst: what is left, a whole burst, or what is before a 4 KiB boundary
    """

    def __init__(self, m: Module, bus: Axi4BusSpec) -> None:
        self.byte_bits = (bus.word_bytes - 1).bit_length()
        self.word = Signal(bus.address_bits - self.byte_bits, name="word", reset_less=True)
        self.left = Signal(WORDS_BITS, name="left")
        self.length = Signal(range(bus.burst_words + 1), name="length")
        boundary_words = BOUNDARY_BYTES // bus.word_bytes
        before_boundary = Signal(range(boundary_words + 1), name="before_boundary")
        whole = Signal.like(self.length, name="whole")  # were there enough left
        m.d.comb += [
            before_boundary.eq(boundary_words - self.word % boundary_words),
            whole.eq(Mux(before_boundary < bus.burst_words, before_boundary, bus.burst_words)),
            self.length.eq(Mux(self.left < whole, self.left, whole)),
        ]

    @property
    def address(self) -> Value:
        """Of `word`, in bytes."""
        return Cat(Const(0, self.byte_bits), self.word)

    def begin(self, address: Value, words: Value) -> list[Any]:
        """Statements: the job or pass at this byte address begins."""
        return [self.word.eq(address[self.byte_bits :]), self.left.eq(words)]

    def step(self) -> list[Any]:
        """Statements: the next burst has been asked for."""
        return [self.word.eq(self.word + self.length), self.left.eq(self.left - self.length)]
