"""What Vivado is given to build engines of one accelerator on a Kria KV260 (`rtl/vivado`).

The Tcl and the constraints are written by hand and the same for all machines; generated are the
Verilog, a wrapper that names its ports as interfaces, and the numbers that the Tcl begins with.
Source of the attributes: AMD UG994, Designing IP Subsystems Using IP Integrator, "HDL Parameters
for Interface Inference" and "List of Supported X_ Attributes".
"""

from __future__ import annotations

from pathlib import Path

from amaranth.hdl import Shape
from amaranth.lib.wiring import Member, Out

from bitsim.errors import BitsimError
from bitsim.gateware.accelerator import axi_ports
from bitsim.gateware.emit.platform import flat_ports
from bitsim.gateware.emit.verilog import emit
from bitsim.gateware.host.axi_lite import ADDRESS_BITS
from bitsim.gateware.host.c_header import c_header
from bitsim.gateware.lanes import GENERIC, Fabric
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.host.axi4lite import AxiLiteHostSpec
from bitsim.spec.link.axi4 import Axi4BusSpec
from bitsim.spec.registers.register import WINDOW_BYTES

FIXED = ("build.tcl", "block_design.tcl", "kv260.xdc", "run_list.c")  # of rtl/vivado, as they are
MOST_ENGINES = 8  # interrupts that pl_ps_irq0 takes (AMD UG1085, 13: interrupts from the PL)
HIGH_PERFORMANCE_PORTS = 4
SMARTCONNECT_MASTERS = 16  # AMD PG247: slave interfaces of one SmartConnect
MEMORY_MAPPED = "xilinx.com:interface:aximm:1.0"


def vivado_folder() -> Path:
    """`rtl/vivado` of the checkout, or its copy in an installed wheel."""
    package = Path(__file__).resolve().parents[2]
    for folder in (package.parent / "rtl" / "vivado", package / "_rtl" / "vivado"):
        if (folder / "build.tcl").is_file():
            return folder
    raise BitsimError(f"{package}: rtl/vivado is missing; install bitsim again")


def vivado_files(spec: AcceleratorSpec, engines: int, fabric: Fabric = GENERIC) -> dict[str, str]:
    """All files of the kit by name; `BitsimError` if the machine or the count does not fit."""
    if spec.bus is None or not isinstance(spec.host, AxiLiteHostSpec):
        raise BitsimError(
            f"--vivado: {spec.name} has no registers behind AXI4-Lite; add [bus] and "
            f'[host] with kind = "axi4lite"'
        )
    if engines > MOST_ENGINES:
        raise BitsimError(
            f"--engines {engines}: at most {MOST_ENGINES}, since pl_ps_irq0 takes so many "
            f"interrupts; lower it"
        )
    busiest = _most_masters(spec.bus, engines)
    if busiest > SMARTCONNECT_MASTERS:
        raise BitsimError(
            f"--engines {engines}: {busiest} masters would share a high-performance port, and a "
            f"SmartConnect takes {SMARTCONNECT_MASTERS}; lower it or bus.weight_ports"
        )
    folder = vivado_folder()
    return {
        **{name: (folder / name).read_text() for name in FIXED},
        "machine.tcl": settings(spec, engines),
        "registers.h": c_header(spec),
        f"{spec.name}.v": emit(spec, fabric),
        f"{spec.name}_ip.v": wrapper(spec),
    }


def _most_masters(bus: Axi4BusSpec, engines: int) -> int:
    """Behind the busiest port, as block_design.tcl distributes them."""
    streams = engines * bus.weight_ports
    ports = min(HIGH_PERFORMANCE_PORTS, streams)
    return -(-streams // ports) + 2 * -(-engines // ports)


def settings(spec: AcceleratorSpec, engines: int) -> str:
    """`machine.tcl`: nothing but numbers and a name that the specification has checked (`NAME`)."""
    bus = spec.bus
    assert bus is not None
    values = {
        "machine": spec.name,
        "reference": f"{spec.name}_ip",
        "engines": engines,
        "clock_mhz": f"{spec.clock_mhz:g}",
        "weight_ports": bus.weight_ports,
        "data_bits": bus.data_bits,
        "address_bits": bus.address_bits,
        "window_bytes": WINDOW_BYTES,
    }
    lines = [f"# Of {spec.name}, written by `bitsim rtl emit --vivado`; do not edit."]
    return "\n".join([*lines, *(f"set {name} {value}" for name, value in values.items()), ""])


def wrapper(spec: AcceleratorSpec) -> str:
    """`NAME_ip`: the accelerator with its ports named as interfaces, and an active-low reset."""
    assert spec.bus is not None
    ports = flat_ports(axi_ports(spec.bus).create())
    interfaces = _interfaces(spec.bus, list(ports))
    seen: set[str] = set()
    declared = [
        _attribute("X_INTERFACE_INFO", "xilinx.com:signal:clock:1.0 aclk CLK"),
        _attribute(
            "X_INTERFACE_PARAMETER",
            f"XIL_INTERFACENAME aclk, ASSOCIATED_BUSIF {':'.join(interfaces)}, "
            f"ASSOCIATED_RESET aresetn",
        ),
        "    input wire aclk,",
        _attribute("X_INTERFACE_INFO", "xilinx.com:signal:reset:1.0 aresetn RST"),
        _attribute("X_INTERFACE_PARAMETER", "XIL_INTERFACENAME aresetn, POLARITY ACTIVE_LOW"),
        "    input wire aresetn",
    ]
    for name, (member, _) in ports.items():
        declared[-1] += "," if not declared[-1].endswith(",") else ""
        interface, _, signal = name.rpartition("_")
        if interface not in interfaces:
            assert name == "irq", name
            declared += [
                _attribute("X_INTERFACE_INFO", "xilinx.com:signal:interrupt:1.0 irq INTERRUPT"),
                _attribute(
                    "X_INTERFACE_PARAMETER", "XIL_INTERFACENAME irq, SENSITIVITY LEVEL_HIGH"
                ),
            ]
        else:
            if interface not in seen:
                parameters = f"XIL_INTERFACENAME {interface}, {interfaces[interface]}"
                declared.append(_attribute("X_INTERFACE_PARAMETER", parameters))
                seen.add(interface)
            information = f"{MEMORY_MAPPED} {interface} {signal.upper()}"
            declared.append(_attribute("X_INTERFACE_INFO", information))
        declared.append(f"    {_direction(member)} wire {_range(member)}{name}")
    connected = [f"        .{name}({name})" for name in ports]
    return "\n".join(
        [
            f"// {spec.name} for Vivado's block designs, written by `bitsim rtl emit --vivado`.",
            f"module {spec.name}_ip (",
            *declared,
            ");",
            f"    {spec.name} accelerator (",
            "        .clk(aclk),",
            "        .rst(~aresetn),",
            ",\n".join(connected),
            "    );",
            "endmodule",
            "",
        ]
    )


def _interfaces(bus: Axi4BusSpec, ports: list[str]) -> dict[str, str]:
    """Parameters of each AXI interface, in the order of the ports."""
    common = (
        f"PROTOCOL AXI4, DATA_WIDTH {bus.data_bits}, ADDR_WIDTH {bus.address_bits}, ID_WIDTH 1, "
        f"MAX_BURST_LENGTH {bus.burst_words}, SUPPORTS_NARROW_BURST 0, HAS_BURST 1"
    )
    found = {}
    for name in ports:
        interface, _, signal = name.rpartition("_")
        if interface == "s_axi":
            found[interface] = f"PROTOCOL AXI4LITE, DATA_WIDTH 32, ADDR_WIDTH {ADDRESS_BITS}"
        elif signal in ("araddr", "awaddr"):
            kind = "READ" if signal == "araddr" else "WRITE"
            found[interface] = (
                f"{common}, READ_WRITE_MODE {kind}_ONLY, NUM_{kind}_OUTSTANDING {bus.outstanding}"
            )
    return found


def _attribute(name: str, value: str) -> str:
    return f'    (* {name} = "{value}" *)'


def _direction(member: Member) -> str:
    return "output" if member.flow == Out else "input"


def _range(member: Member) -> str:
    bits = Shape.cast(member.shape).width
    return f"[{bits - 1}:0] " if bits > 1 else ""
