"""AXI4-Lite as the slave sees it (Arm IHI 0022, AMBA AXI Protocol Specification, B1)."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.bus.axi import Response
from bitsim.gateware.host.register_bank import RegisterAccess
from bitsim.spec.registers.register import REGISTER_BITS, REGISTER_BYTES, WINDOW_BYTES

ADDRESS_BITS = (WINDOW_BYTES - 1).bit_length()
BYTE_BITS = (REGISTER_BYTES - 1).bit_length()


class AxiLiteSignature(wiring.Signature):
    """All five channels, as the master sees them.

    separator  between the names of a port in Verilog
    """

    separator = "_"

    def __init__(self) -> None:
        super().__init__(
            {
                "awaddr": Out(ADDRESS_BITS),
                "awprot": Out(3),
                "awvalid": Out(1),
                "awready": In(1),
                "wdata": Out(REGISTER_BITS),
                "wstrb": Out(REGISTER_BYTES),
                "wvalid": Out(1),
                "wready": In(1),
                "bresp": In(Response),
                "bvalid": In(1),
                "bready": Out(1),
                "araddr": Out(ADDRESS_BITS),
                "arprot": Out(3),
                "arvalid": Out(1),
                "arready": In(1),
                "rdata": In(REGISTER_BITS),
                "rresp": In(Response),
                "rvalid": In(1),
                "rready": Out(1),
            }
        )


class Transfer(enum.Enum, shape=2):
    """Where a read or a write is."""

    TAKE = 0  # address (and data) are taken as they come
    ACCESS = 1  # what was taken is done, in the first cycle that is free for it
    LOOK = 2  # the answer is there from this cycle on
    ANSWER = 3


class AxiLiteSlave(wiring.Component):
    """One read and one write at a time, four cycles each; the two may overlap.

    No `ready` depends on a `valid`. The lowest two bits of an address are not looked at, nor is
    `prot`. SLVERR where `access.error` says that nothing was read or written.
    """

    def __init__(self) -> None:
        super().__init__({"axi": In(AxiLiteSignature()), "access": Out(RegisterAccess())})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        axi, access = self.axi, self.access
        write = Signal(Transfer)
        read = Signal(Transfer)
        has_address = Signal()
        has_data = Signal()
        write_index = Signal.like(access.index, reset_less=True)
        read_index = Signal.like(access.index, reset_less=True)

        m.d.comb += [
            axi.awready.eq((write == Transfer.TAKE) & ~has_address),
            axi.wready.eq((write == Transfer.TAKE) & ~has_data),
            axi.bvalid.eq(write == Transfer.ANSWER),
            axi.arready.eq(read == Transfer.TAKE),
            axi.rvalid.eq(read == Transfer.ANSWER),
            access.write.eq(write == Transfer.ACCESS),
            access.read.eq((read == Transfer.ACCESS) & ~access.write),
            access.index.eq(read_index),
        ]
        with m.If(access.write):
            m.d.comb += access.index.eq(write_index)

        with m.Switch(write):
            with m.Case(Transfer.TAKE):
                with m.If(axi.awvalid & axi.awready):
                    m.d.sync += [has_address.eq(1), write_index.eq(axi.awaddr[BYTE_BITS:])]
                with m.If(axi.wvalid & axi.wready):
                    m.d.sync += [
                        has_data.eq(1),
                        access.data.eq(axi.wdata),
                        access.strobe.eq(axi.wstrb),
                    ]
                with m.If(has_address & has_data):
                    m.d.sync += [write.eq(Transfer.ACCESS), has_address.eq(0), has_data.eq(0)]
            with m.Case(Transfer.ACCESS):
                m.d.sync += write.eq(Transfer.LOOK)
            with m.Case(Transfer.LOOK):
                m.d.sync += write.eq(Transfer.ANSWER)
                m.d.sync += axi.bresp.eq(_response(access))
            with m.Case(Transfer.ANSWER):
                with m.If(axi.bready):
                    m.d.sync += write.eq(Transfer.TAKE)

        with m.Switch(read):
            with m.Case(Transfer.TAKE):
                with m.If(axi.arvalid):
                    m.d.sync += [read.eq(Transfer.ACCESS), read_index.eq(axi.araddr[BYTE_BITS:])]
            with m.Case(Transfer.ACCESS):
                with m.If(access.read):
                    m.d.sync += read.eq(Transfer.LOOK)
            with m.Case(Transfer.LOOK):
                m.d.sync += [
                    read.eq(Transfer.ANSWER),
                    axi.rdata.eq(access.answer),
                    axi.rresp.eq(_response(access)),
                ]
            with m.Case(Transfer.ANSWER):
                with m.If(axi.rready):
                    m.d.sync += read.eq(Transfer.TAKE)
        return m


def _response(access: wiring.PureInterface) -> Value:
    return Mux(access.error, Response.SLVERR, Response.OKAY)
