"""The SystemVerilog around the accelerators of one bench: memories, host, one top level."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from amaranth.hdl import Shape
from amaranth.lib.wiring import Out

from bitsim.gateware.array.streams import COUNTERS
from bitsim.gateware.bus.axi import AxiReadSignature, AxiWriteSignature
from bitsim.gateware.bus.list_reader import ENTRY
from bitsim.gateware.top import axi_name, read_ports, top_counters
from bitsim.spec.link.axi4 import Axi4BusSpec
from bitsim.verilated.bench import bench_folder, top_level


def top_bench_sources() -> list[Path]:
    """Sources of the bench that are the same for all machines."""
    folder = bench_folder()
    return [*sorted((folder / "bus").glob("*.sv")), folder / "bench.vlt"]


def all_counters(bus: Axi4BusSpec) -> list[str]:
    """Ports of all counters, in the order of the host's log."""
    return [*top_counters(bus), *(f"array_{name}" for name in COUNTERS)]


def top_bench(machines: Sequence[tuple[str, Axi4BusSpec]]) -> str:
    """Modules `machine_NAME` and the top level that runs one of each, numbered in this order."""
    wrappers = [_wrapper(name, bus) for name, bus in machines]
    return "\n".join([*wrappers, top_level([name for name, _ in machines])])


def _wrapper(name: str, bus: Axi4BusSpec) -> str:
    """One accelerator with everything around it; `index` is its number in the bench."""
    read, write = AxiReadSignature(bus), AxiWriteSignature(bus)
    ports = [(port, "read", read) for port in read_ports(bus)] + [("results", "write", write)]
    body: list[str] = []
    connected = [".clk(clock)", ".rst(rst)"]
    used = []
    for number, (port, kind, signature) in enumerate(ports):
        wires = {member: f"{axi_name(port)}_{member}" for member in signature.members}
        body += [
            f"    logic [{_bits(signature, member) - 1}:0] {wire};"
            for member, wire in wires.items()
        ]
        body += [
            f"    bench_{kind}_memory #(.DATA_BITS({bus.data_bits}), "
            f".ADDRESS_BITS({bus.address_bits}),",
            f"        .BURST_WORDS({bus.burst_words}), .OUTSTANDING({bus.outstanding})) "
            f"{port}_memory (",
            f"        .clk(clock), .rst(rst), .cycle(cycle), .round(round), .machine(index), "
            f".port({number}),",
            "        .finished(finished), "
            + ", ".join(f".{member}({wire})" for member, wire in wires.items())
            + ");",
        ]
        connected += [f".{wire}({wire})" for wire in wires.values()]
        used += [
            wires[member]
            for member in signature.members
            if member.endswith("valid") and signature.members[member].flow == Out
        ]
    counters = all_counters(bus)
    body += [f"    logic [47:0] {counter};" for counter in counters]
    host = {
        "list_enable": ENTRY.size // 32,
        "list_index": _range_bits(bus.list_entries),
        "list_data": ENTRY.size,
        "start": 1,
        "count": _range_bits(bus.list_entries + 1),
        "busy": 1,
        "done": 1,
        "errors": bus.weight_ports + 2,
    }
    body += [f"    logic [{bits - 1}:0] {wire};" for wire, bits in host.items()]
    connected += [f".{wire}({wire})" for wire in (*host, *counters)]
    return "\n".join(
        [
            f"module machine_{name} (input logic clk, input logic rst, input int round,",
            "    input logic give_up, input int index, output logic finished);",
            "    logic [63:0] cycle;  // 0 is the first cycle after reset",
            "    // A machine that has finished sleeps until the next round.",
            "    wire clock = clk & (rst | ~finished);",
            "    always_ff @(posedge clock) cycle <= rst ? 64'd0 : cycle + 64'd1;",
            *body,
            f"    bench_list_host #(.COUNTERS({len(counters)}), .ENTRY_BITS({ENTRY.size}),",
            f"        .LIST_ENTRIES({bus.list_entries}), .ERRORS({bus.weight_ports + 2})) host (",
            "        .clk(clock), .rst(rst), .cycle(cycle), .round(round), .machine(index),",
            "        .give_up(give_up), " + ", ".join(f".{wire}({wire})" for wire in host) + ",",
            "        .phase_valid(accelerator.array.phases__valid),",
            "        .phase_ready(accelerator.array.phases__ready),",
            f"        .bus_used({' | '.join(used)}),",
            f"        .counters({{{', '.join(reversed(counters))}}}), .finished(finished));",
            f"    {name} accelerator (",
            "        " + ",\n        ".join(connected) + ");",
            "endmodule",
        ]
    )


def _bits(signature: AxiReadSignature | AxiWriteSignature, member: str) -> int:
    return Shape.cast(signature.members[member].shape).width


def _range_bits(count: int) -> int:
    return (count - 1).bit_length()
