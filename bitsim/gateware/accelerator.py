"""An accelerator with everything that its file says is around the array."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Member, Out

from bitsim.gateware.bus.axi import AxiReadSignature, AxiWriteSignature, connect_flat, flat_ports
from bitsim.gateware.host.axi_lite import AxiLiteSignature, AxiLiteSlave
from bitsim.gateware.host.csr import Csr
from bitsim.gateware.once import Platform, once
from bitsim.gateware.serial.bridge import SerialBridge
from bitsim.gateware.serial.onchip_memory import OnchipMemory
from bitsim.gateware.top import axi_name, make_top, read_ports
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.host.registry import HOSTS
from bitsim.spec.host.serial import SerialHostSpec
from bitsim.spec.host.serial_protocol import SILENCE_S
from bitsim.spec.link.axi4 import Axi4BusSpec
from bitsim.spec.registers.map import register_map
from bitsim.spec.registers.register import RegisterMap
from bitsim.spec.registry import home

CONTROL = "s_axi"  # what the names of the AXI4-Lite ports begin with


def make_accelerator(spec: AcceleratorSpec) -> wiring.Component:
    """What the file's [host] asks for; without one the accelerator has no registers."""
    assert spec.bus is not None
    if spec.host is None:
        return make_top(spec.array, spec.bus)
    return home(HOSTS[spec.host.kind].hardware)(spec)


def axi_ports(bus: Axi4BusSpec) -> dict[str, Member]:
    """The ports of an `AxiAccelerator` but clock and reset, by name."""
    return {
        **{f"{CONTROL}_{name}": each.flip() for name, each in AxiLiteSignature().members.items()},
        "irq": Out(1),
        **{
            name: member
            for port, signature in _masters(bus).items()
            for name, member in flat_ports(axi_name(port), signature).items()
        },
    }


class AxiAccelerator(wiring.Component):
    """`Top` with registers: AXI4-Lite slave `s_axi_...`, AXI4 masters `m_axi_...`, `irq`."""

    def __init__(self, spec: AcceleratorSpec) -> None:
        assert spec.bus is not None
        self.spec = spec
        self.bus: Axi4BusSpec = spec.bus
        self.masters = _masters(spec.bus)
        super().__init__(axi_ports(spec.bus))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.top = top = make_top(self.spec.array, self.bus)
        m.submodules.csr = csr = Csr(register_map(self.spec), self.bus)
        m.submodules.slave = slave = AxiLiteSlave()
        wiring.connect(m, slave.access, csr.access)
        _connect_controls(m, csr, top, register_map(self.spec))
        m.d.comb += self.irq.eq(csr.interrupt)
        for name, member in AxiLiteSignature().members.items():
            outer, inner = getattr(self, f"{CONTROL}_{name}"), getattr(slave.axi, name)
            m.d.comb += inner.eq(outer) if member.flow == Out else outer.eq(inner)
        for port, signature in self.masters.items():
            for name, member in flat_ports(axi_name(port), signature).items():
                outer, inner = getattr(self, name), getattr(top, name)
                m.d.comb += outer.eq(inner) if member.flow == Out else inner.eq(outer)
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
        readers = read_ports(self.bus)
        clock_mhz, memory_bytes = self.spec.clock_mhz, self.host.memory_bytes
        m.submodules.csr = csr = Csr(register_map(self.spec), self.bus)
        m.submodules.onchip = memory = OnchipMemory(self.bus, memory_bytes, len(readers))
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
        slaves = [getattr(memory, f"read_{index}") for index in range(len(readers))]
        for port, slave in zip([*readers, "results"], [*slaves, memory.write], strict=True):
            connect_flat(m, top, axi_name(port), slave)
        return m


def _masters(bus: Axi4BusSpec) -> dict[str, AxiReadSignature | AxiWriteSignature]:
    reads = {port: AxiReadSignature(bus) for port in read_ports(bus)}
    return {**reads, "results": AxiWriteSignature(bus)}


def _connect_controls(m: Module, csr: Csr, top: wiring.Component, registers: RegisterMap) -> None:
    for name in ("list_enable", "list_index", "list_data", "start", "count"):
        m.d.comb += getattr(top, name).eq(getattr(csr, name))
    for name in ("busy", "done", "errors", *registers.counters):
        m.d.comb += getattr(csr, name).eq(getattr(top, name))
