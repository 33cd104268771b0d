"""A block of any number of ports reached by three pins, so that it can be placed on its own."""

from __future__ import annotations

import re

_PORT = re.compile(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);$", re.MULTILINE)
CLOCK = "clk"


def ports(verilog: str, module: str) -> list[tuple[str, int, str]]:
    """(direction, bits, name) of each port of a module in our own Verilog."""
    start = verilog.index(f"module {module}(")
    text = verilog[start : verilog.index("endmodule", start)]
    return [(found[1], int(found[2] or 0) + 1, found[3]) for found in _PORT.finditer(text)]


def behind_pins(verilog: str, module: str, name: str) -> str:
    """Verilog of `name`: `module` between shift registers, each port a register away.

    Bits come in through `shift_in` one after the other. Outputs are registered, and folded into
    a chain of registers with an exclusive or, so that no port can be swept away.
    """
    inputs = [(bits, port) for way, bits, port in ports(verilog, module) if way == "input"]
    outputs = [(bits, port) for way, bits, port in ports(verilog, module) if way == "output"]
    inputs.remove((1, CLOCK))
    into, out = sum(bits for bits, _ in inputs), sum(bits for bits, _ in outputs)
    connections = [f".{CLOCK}({CLOCK})"]
    for group, bus in ((inputs, "bits_in"), (outputs, "bits_out")):
        low = 0
        for bits, port in group:
            connections.append(f".{port}({bus}[{low + bits - 1}:{low}])")
            low += bits
    return "\n".join(
        [
            f"module {name}(input {CLOCK}, input shift_in, output shift_out);",
            f"  reg [{into - 1}:0] bits_in;",
            f"  wire [{out - 1}:0] bits_out;",
            f"  reg [{out - 1}:0] held, folded;",
            f"  {module} block ({', '.join(connections)});",
            f"  always @(posedge {CLOCK}) begin",
            f"    bits_in <= {{bits_in[{into - 1}:0], shift_in}};",
            "    held <= bits_out;",
            f"    folded <= {{folded[{out - 1}:0], 1'b0}} ^ held;",
            "  end",
            f"  assign shift_out = folded[{out - 1}];",
            "endmodule",
            "",
        ]
    )
