"""An accelerator with everything that its file says is around the array."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bitsim.gateware.bus.axi import AxiMasters, masters_of
from bitsim.gateware.host.axi_lite import AxiLiteSignature, AxiLiteSlave
from bitsim.gateware.host.csr import Csr
from bitsim.gateware.once import Platform, once
from bitsim.gateware.serial.bridge import SerialBridge
from bitsim.gateware.serial.onchip_memory import OnchipMemory
from bitsim.gateware.top import make_top
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.host.registry import HOSTS
from bitsim.spec.host.serial import SerialHostSpec
from bitsim.spec.host.serial_protocol import SILENCE_S
from bitsim.spec.link.axi4 import Axi4BusSpec
from bitsim.spec.registers.map import register_map
from bitsim.spec.registers.register import RegisterMap
from bitsim.spec.registry import home


def make_accelerator(spec: AcceleratorSpec) -> wiring.Component:
    """What the file's [host] asks for; without one the accelerator has no registers."""
    assert spec.bus is not None
    if spec.host is None:
        return make_top(spec.array, spec.bus)
    return home(HOSTS[spec.host.kind].hardware)(spec)


def axi_ports(bus: Axi4BusSpec) -> wiring.Signature:
    """The ports of an `AxiAccelerator` but clock and reset."""
    return wiring.Signature(
        {"s_axi": In(AxiLiteSignature()), "irq": Out(1), "m_axi": Out(AxiMasters(bus))}
    )


class AxiAccelerator(wiring.Component):
    """`Top` with registers: AXI4-Lite slave `s_axi_...`, AXI4 masters `m_axi_...`, `irq`."""

    def __init__(self, spec: AcceleratorSpec) -> None:
        assert spec.bus is not None
        self.spec = spec
        self.bus: Axi4BusSpec = spec.bus
        super().__init__(axi_ports(spec.bus))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.top = top = make_top(self.spec.array, self.bus)
        m.submodules.csr = csr = Csr(register_map(self.spec), self.bus)
        m.submodules.slave = slave = AxiLiteSlave()
        wiring.connect(m, slave.access, csr.access)
        _connect_controls(m, csr, top, register_map(self.spec))
        m.d.comb += self.irq.eq(csr.interrupt)
        wiring.connect(m, wiring.flipped(self.s_axi), slave.axi)
        for inner, outer in zip(masters_of(top.m_axi), masters_of(self.m_axi), strict=True):
            wiring.connect(m, inner, wiring.flipped(outer))
        return m


class SerialAccelerator(wiring.Component):
    """`Top` with registers and memory behind a serial line: nothing else leaves the chip.

    rx, tx  the line
    busy    a list runs
    irq     as the registers say
    """

    module = "accelerator"
    clocked = True

    def __init__(self, spec: AcceleratorSpec) -> None:
        assert spec.bus is not None
        assert isinstance(spec.host, SerialHostSpec)
        self.spec = spec
        self.bus: Axi4BusSpec = spec.bus
        self.host: SerialHostSpec = spec.host
        super().__init__({"rx": In(1), "tx": Out(1, init=1), "busy": Out(1), "irq": Out(1)})

    @once
    def elaborate(self, platform: Platform | None) -> Module:
        m = Module()
        m.submodules.top = top = make_top(self.spec.array, self.bus)
        masters = masters_of(top.m_axi)
        clock_mhz, memory_bytes = self.spec.clock_mhz, self.host.memory_bytes
        m.submodules.csr = csr = Csr(register_map(self.spec), self.bus)
        m.submodules.onchip = memory = OnchipMemory(self.bus, memory_bytes, len(masters) - 1)
        m.submodules.bridge = bridge = SerialBridge(
            self.host.divisor(clock_mhz), round(SILENCE_S * clock_mhz * 1e6), memory_bytes
        )
        wiring.connect(m, bridge.access, csr.access)
        wiring.connect(m, bridge.memory, memory.host)
        _connect_controls(m, csr, top, register_map(self.spec))
        m.d.comb += [
            bridge.rx.eq(self.rx),
            self.tx.eq(bridge.tx),
            self.busy.eq(top.busy),
            self.irq.eq(csr.interrupt),
        ]
        for master, slave in zip(masters, [*memory.read, memory.write], strict=True):
            wiring.connect(m, master, slave)
        return m


def _connect_controls(m: Module, csr: Csr, top: wiring.Component, registers: RegisterMap) -> None:
    for name in ("list_enable", "list_index", "list_data", "start", "count"):
        m.d.comb += getattr(top, name).eq(getattr(csr, name))
    for name in ("busy", "done", "errors", *registers.counters):
        m.d.comb += getattr(csr, name).eq(getattr(top, name))
