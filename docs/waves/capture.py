"""What every signal of a part is in every cycle of a simulation, by its name in the waveform."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

from amaranth.lib import wiring
from amaranth.sim import Simulator

from bitsim.gateware.emit.platform import flat_ports

ROOT = "bench.top."
# "$scope module NAME $end", "$var KIND BITS ID NAME $end"
_HEAD = re.compile(r"\$(scope|var|upscope)\s+(.*?)\s*\$end")

Value = int | str  # str: the name of a state


class Trace:
    """One list of values for each signal, one value for each cycle: that at its end."""

    def __init__(self, vcd: str) -> None:
        head, _, body = vcd.partition("$enddefinitions $end\n")
        codes = _names(head)
        now: dict[str, Value] = {}
        cycles: list[dict[str, Value]] = []
        clock = codes[f"{ROOT}clk"]
        for moment in re.split(r"^#\d+\n", body, flags=re.MULTILINE):
            changes = dict(filter(None, map(_change, moment.splitlines())))
            if changes.get(clock) == 1 and now:  # what follows the edge is of the next cycle
                cycles.append(dict(now))
            now |= changes
        self.cycles = len(cycles)
        self._values = {name: [each[code] for each in cycles] for name, code in codes.items()}

    def __getitem__(self, name: str) -> list[Value]:
        """Of a signal of the part itself, or `INSTANCE.SIGNAL` below it."""
        return self._values[ROOT + name]

    def number(self, name: str) -> list[int]:
        """The same of a signal that is no state."""
        return [int(value) for value in self[name]]

    def transfers(self, stream: str, separator: str = "__") -> list[bool]:
        """Cycles in which a beat passes."""
        pairs = zip(
            self[f"{stream}{separator}valid"], self[f"{stream}{separator}ready"], strict=True
        )
        return [valid == ready == 1 for valid, ready in pairs]


def capture(part: wiring.Component, *benches: Callable[[Any], Any]) -> Trace:
    """Run testbenches on a part until the first of them ends."""
    for name, (_, port) in flat_ports(part).items():
        port.name = name  # as in Verilog
    simulator = Simulator(part)
    simulator.add_clock(1e-6)
    for place, bench in enumerate(benches):
        simulator.add_testbench(bench, background=place > 0)
    with io.StringIO() as text, simulator.write_vcd(text):
        simulator.run()
        return Trace(text.getvalue())


def _names(head: str) -> dict[str, str]:
    scopes: list[str] = []
    codes: dict[str, str] = {}
    for kind, rest in _HEAD.findall(head):
        words = rest.split()
        if kind == "scope":
            scopes.append(words[1])
        elif kind == "upscope":
            scopes.pop()
        else:
            codes[".".join([*scopes, words[3]])] = words[2]
    return codes


def _change(line: str) -> tuple[str, Value] | None:
    if not line or line.startswith("$"):
        return None
    if line[0] in "01":
        return line[1:], int(line[0])
    value, code = line[1:].split(" ")
    if line[0] == "b":
        return code, int(value, 2)
    assert line[0] == "s", line
    return code, value
