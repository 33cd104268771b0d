"""The SystemVerilog around the machines of one bench: streams, monitors, one top level."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bitsim.errors import BitsimError
from bitsim.gateware.array.streams import COUNTERS
from bitsim.spec.array.array import ArraySpec
from bitsim.units import BITS_PER_BYTE

TOP = "bench_top"

# Numbers of the streams, in the names of their files; the weight streams follow.
PHASES, ACTIVATIONS, RESULTS, WEIGHTS = range(4)

PHASE_BITS = 48


def bench_folder() -> Path:
    """`rtl/bench` of the checkout, or its copy in an installed wheel."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package.parent / "rtl" / "bench", package / "_rtl" / "bench"):
        if (folder / "source.sv").is_file():
            return folder
    raise BitsimError(f"{package}: rtl/bench is missing; install bitsim again")


def activation_bits(spec: ArraySpec) -> int:
    """Width of the activation stream."""
    return spec.activation_beat_bytes * BITS_PER_BYTE


def result_bits(spec: ArraySpec) -> int:
    """Width of the result stream."""
    return spec.beat_sums * spec.result_bits


def bench_top(machines: Sequence[tuple[str, ArraySpec]]) -> str:
    """Modules `machine_NAME` and the top level that runs one of each, numbered in this order."""
    wrappers = [_wrapper(name, spec) for name, spec in machines]
    return "\n".join([*wrappers, top_level([name for name, _ in machines])])


def top_level(names: Sequence[str]) -> str:
    """The module that cocotb sees: one `machine_NAME` of each."""
    lines = [
        f"module {TOP} (input logic clk, input logic rst, input int round, input logic give_up,",
        "    output logic done);",
        f"    logic [{len(names) - 1}:0] finished;",
        "    assign done = &finished;",
    ]
    lines += [
        f"    machine_{name} m{index} (.clk(clk), .rst(rst), .round(round), .give_up(give_up),\n"
        f"        .index({index}), .finished(finished[{index}]));"
        for index, name in enumerate(names)
    ]
    return "\n".join([*lines, "endmodule", ""])


def _wrapper(name: str, spec: ArraySpec) -> str:
    """One array with everything around it; `index` is its number in the bench."""
    weight_bits = spec.feed_bytes * BITS_PER_BYTE
    inputs = [("phases", PHASE_BITS, PHASES), ("activations", activation_bits(spec), ACTIVATIONS)]
    inputs += [(f"weights_{c}", weight_bits, WEIGHTS + c) for c in range(spec.feeds)]
    body: list[str] = []
    ports = [".clk(clock)", ".rst(rst)"]
    for stream, bits, number in inputs:
        body += [
            *_wires(stream, bits),
            f"    logic {stream}_done;",
            f"    bench_source #(.WIDTH({bits})) {stream}_source (",
            f"        {_COMMON}, .stream({number}),",
            f"        {_stream_ports(stream)}, .done({stream}_done));",
        ]
        ports.append(_array_ports(stream))
    body += [
        *_wires("results", result_bits(spec)),
        f"    bench_sink #(.WIDTH({result_bits(spec)})) results_sink (",
        f"        {_COMMON}, .stream({RESULTS}),",
        f"        .finished(finished), {_stream_ports('results')});",
    ]
    ports.append(_array_ports("results"))
    body += [f"    logic [47:0] {counter};" for counter in COUNTERS]
    ports += [f".{counter}({counter})" for counter in COUNTERS]
    done = " && ".join(f"{stream}_done" for stream, _, _ in inputs)
    return "\n".join(
        [
            f"module machine_{name} (input logic clk, input logic rst, input int round,",
            "    input logic give_up, input int index, output logic finished);",
            "    logic [63:0] cycle;  // 0 is the first cycle after reset",
            "    // A machine that has finished sleeps until the next round.",
            "    wire clock = clk & (rst | ~finished);",
            "    always_ff @(posedge clock) cycle <= rst ? 64'd0 : cycle + 64'd1;",
            *body,
            "    bench_monitor monitor (",
            f"        {_COMMON}, .give_up(give_up),",
            "        .phase_valid(phases_valid), .phase_ready(phases_ready),",
            f"        .phases_done(phases_done), .inputs_done({done}),",
            f"        .counters({{{', '.join(reversed(COUNTERS))}}}), .finished(finished));",
            f"    {name} array (",
            "        " + ",\n        ".join(ports) + ");",
            "endmodule",
        ]
    )


_COMMON = ".clk(clock), .rst(rst), .cycle(cycle), .round(round), .machine(index)"


def _wires(stream: str, bits: int) -> list[str]:
    return [
        f"    logic [{bits - 1}:0] {stream}_payload;",
        f"    logic {stream}_valid;",
        f"    logic {stream}_ready;",
    ]


def _stream_ports(stream: str) -> str:
    return ", ".join(f".{part}({stream}_{part})" for part in ("payload", "valid", "ready"))


def _array_ports(stream: str) -> str:
    return ", ".join(
        f".{stream}__{part}({stream}_{part})" for part in ("payload", "valid", "ready")
    )
