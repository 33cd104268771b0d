"""AXI4 ports as masters see them (Arm IHI 0022, AMBA AXI Protocol Specification, A2 and A3)."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Member, Out

from bitsim.spec.link.axi4 import Axi4BusSpec

ID_BITS = 1
LENGTH_BITS = 8
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


def flat_ports(prefix: str, signature: wiring.Signature) -> dict[str, Member]:
    """Ports `PREFIX_araddr`, ..., as tools that know the bus by its names expect them."""
    return {f"{prefix}_{name}": member for name, member in signature.members.items()}


def connect_flat(m: Module, top: wiring.Component, prefix: str, port: wiring.PureInterface) -> None:
    """Connect a master below to the ports that `flat_ports` gave the top."""
    for name, member in port.signature.members.items():
        inner, outer = getattr(port, name), getattr(top, f"{prefix}_{name}")
        m.d.comb += outer.eq(inner) if member.flow == Out else inner.eq(outer)


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
