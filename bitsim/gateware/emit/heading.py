"""What stands above the Verilog of an accelerator."""

from __future__ import annotations

from importlib.metadata import version

from bitsim.gateware.lanes import Fabric
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.link.axi4 import Axi4BusSpec, BusLayout


def heading_of_array(accelerator: AcceleratorSpec, fabric: Fabric) -> str:
    """Of an array alone: its streams are the ports."""
    array = accelerator.array
    lines = [
        f"{accelerator.name}: ternary dot-product array, written by bitsim {version('bitsim')}",
        "(`bitsim rtl emit`; do not edit). Its cycles are described in docs/machine.md.",
        *_fabric_lines(fabric),
        "",
        *(f"{field} = {value}" for field, value in array.model_dump().items()),
        "",
        "Ports. A beat of a stream is transferred when valid and ready are 1; rst is synchronous.",
        "  phases       in   16 bits each, lowest first: row_tiles, k_beats, groups",
        *array.stream_lines,
        "  cycles ... skips  counters of the phase that runs or ran last",
    ]
    return _comment(lines)


def heading_of_top(accelerator: AcceleratorSpec, bus: Axi4BusSpec, fabric: Fabric) -> str:
    """Of an accelerator with a bus."""
    array, host = accelerator.array, accelerator.host
    return _comment(
        [
            f"{accelerator.name}: ternary accelerator with AXI4 masters, written by bitsim "
            f"{version('bitsim')}",
            "(`bitsim rtl emit`; do not edit). Its cycles are described in docs/top.md, those of",
            f"the array in it ({accelerator.name}_array) in docs/machine.md.",
            *_fabric_lines(fabric),
            "",
            *(f"array.{field} = {value}" for field, value in array.model_dump().items()),
            *(f"bus.{field} = {value}" for field, value in bus.model_dump().items()),
            *(
                f"host.{field} = {value}"
                for field, value in (host.model_dump() if host else {}).items()
            ),
            "",
            "Ports. rst is synchronous.",
            *_ports(accelerator, bus),
        ]
    )


def _fabric_lines(fabric: Fabric) -> list[str]:
    return [fabric.heading] if fabric.heading else []


def _ports(accelerator: AcceleratorSpec, bus: Axi4BusSpec) -> list[str]:
    host = accelerator.host
    if host is None:
        return [*_list_ports(bus), *_master_ports(accelerator, bus), _COUNTER_PORTS]
    masters = () if host.onchip_bytes else _master_ports(accelerator, bus)
    return [*host.port_lines(accelerator.clock_mhz), *masters]


def _list_ports(bus: Axi4BusSpec) -> list[str]:
    last = bus.weight_ports - 1
    return [
        "  list_enable, list_index, list_data   writes the 32-bit words of an entry of the",
        "                                       list that have their bit in list_enable",
        "  start, count                         runs the first `count` entries",
        "  busy, done                           a list runs; one has ended",
        f"  errors                               bits 0 to {last}: weights; {last + 1}: "
        f"activations; {last + 2}: results:",
        "                                       a response of this list was not OKAY",
    ]


def _master_ports(accelerator: AcceleratorSpec, bus: Axi4BusSpec) -> list[str]:
    layout = BusLayout(accelerator.array, bus)
    return [
        f"  m_axi_weights_p                      reads {layout.step_words} words for a beat of "
        f"columns p * {layout.port_feeds} to p * {layout.port_feeds} + "
        f"{layout.port_feeds - 1}",
        f"  m_axi_activations                    reads {layout.activation_words} words for a beat",
        f"  m_axi_results                        writes {layout.result_words} words for a beat",
    ]


_COUNTER_PORTS = (
    "  list_cycles ... result_words, array_cycles ... array_skips   counters of the list"
)


def _comment(lines: list[str]) -> str:
    return "".join(f"// {line}".rstrip() + "\n" for line in lines)
