"""Memories of a design: the small ones become flip-flops, the others stay macros."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SMALLEST_MACRO_BITS = 8192  # 1 KB, where the cost model too goes from flip-flops to SRAM


@dataclass(frozen=True)
class Macro:
    """A memory that is left out of the cells.

    module   the module that it is in
    kind     what the netlist calls it
    """

    module: str
    cell: str
    kind: str
    words: int
    width: int
    read_ports: int
    write_ports: int
    ports: Mapping[str, tuple[str, int]]  # direction and bits

    @property
    def bits(self) -> int:
        """What it holds."""
        return self.words * self.width


def macros(design: Mapping[str, Any]) -> list[Macro]:
    """The large memories in yosys's JSON of a design whose memories are collected."""
    found: list[Macro] = []
    for module, table in sorted(design["modules"].items()):
        for cell, each in sorted(table["cells"].items()):
            if each["type"] != "$mem_v2":
                continue
            number = {name: int(each["parameters"][name], 2) for name in _NUMBERS}
            macro = Macro(
                module=module,
                cell=cell,
                kind=f"memory_{number['SIZE']}x{number['WIDTH']}_{len(found)}",
                words=number["SIZE"],
                width=number["WIDTH"],
                read_ports=number["RD_PORTS"],
                write_ports=number["WR_PORTS"],
                ports={
                    port: (each["port_directions"][port], len(bits))
                    for port, bits in each["connections"].items()
                },
            )
            if macro.bits >= SMALLEST_MACRO_BITS:
                found.append(macro)
    return found


_NUMBERS = ("SIZE", "WIDTH", "RD_PORTS", "WR_PORTS")


def blackbox(macro: Macro) -> str:
    """Verilog of a macro's ports."""
    ports = ", ".join(
        f"{way} [{bits - 1}:0] {name}" for name, (way, bits) in macro.ports.items() if bits
    )
    return f"(* blackbox *) module {macro.kind}({ports}); endmodule\n"
