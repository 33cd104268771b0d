"""Which of a library's flip-flops and clock gates a block is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_FLIP_FLOP = re.compile(r"\bff\s*\(([^)]*)\)\s*\{([^}]*)\}")
_CLOCKED_ON = re.compile(r'\bclocked_on\s*:\s*"([^"]*)"')
_NEXT_STATE = re.compile(r'\bnext_state\s*:\s*"([^"]*)"')
FUNCTION = re.compile(r'\bfunction\s*:\s*"([^"]{1,80})"')
_GATE_KIND = re.compile(r'\bclock_gating_integrated_cell\s*:\s*"?(\w+)')
_PIN = re.compile(r'\bpin\s*\(\s*"?(\w+)"?\s*\)')
_ROLE = re.compile(r'\bclock_gate_(clock|enable|test|out)_pin\s*:\s*"?true')


@dataclass(frozen=True)
class ClockGate:
    """Its cell and its pins; `test` is tied to 0, None: it has none."""

    cell: str
    clock: str
    enable: str
    output: str
    test: str | None


def smallest_clock_gate(bodies: Mapping[str, str], areas: Mapping[str, float]) -> ClockGate | None:
    """The smallest that passes rising edges, also if the library keeps it from being a gate."""
    best: tuple[float, str] | None = None
    found: dict[str, ClockGate] = {}
    for name, body in bodies.items():
        kind = _GATE_KIND.search(body)
        pins = _roles(body)
        if kind is None or not kind[1].startswith("latch_posedge") or not areas[name]:
            continue
        if not {"clock", "enable", "out"} <= pins.keys():
            continue
        found[name] = ClockGate(name, pins["clock"], pins["enable"], pins["out"], pins.get("test"))
        best = (areas[name], name) if best is None else min(best, (areas[name], name))
    return None if best is None else found[best[1]]


def _roles(body: str) -> dict[str, str]:
    """Pins of a clock gate by what they are for."""
    heads = list(_PIN.finditer(body))
    roles = {}
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        part = body[head.end() : len(body) if following is None else following.start()]
        roles.update({role[1]: head[1] for role in _ROLE.finditer(part)})
    return roles


def smallest_flip_flop(
    bodies: Mapping[str, str], areas: Mapping[str, float], inverter_um2: float
) -> str | None:
    """The one in which a bit takes least, with an inverter at an inverted output.

    Where an enable is needed a gate before a plain one is for abc to size, while what it drives
    inside a flip-flop abc does not see. None: there is no plain one, and yosys chooses.
    """
    best: tuple[float, str] | None = None
    for name, body in bodies.items():
        inverts = _plain_and_inverts(body)
        if inverts is None or not areas[name]:
            continue
        each = (areas[name] + inverter_um2 * inverts, name)
        best = each if best is None else min(best, each)
    return None if best is None else best[1]


def _plain_and_inverts(body: str) -> bool | None:
    """Whether a flip-flop has inverted outputs only; None: it is no plain one of a rising edge."""
    found = _FLIP_FLOP.search(body)
    if found is None or "test_cell" in body:
        return None
    clock, data = _CLOCKED_ON.search(found[2]), _NEXT_STATE.search(found[2])
    if clock is None or data is None:
        return None
    if not _bare(clock[1]).isidentifier() or not re.fullmatch(r"!?\w+'?", _bare(data[1])):
        return None
    state, inverse = (*(_bare(name).strip('"') for name in found[1].split(",")), "", "")[:2]
    flipped = not _bare(data[1]).isidentifier()
    functions = {_bare(each[1]) for each in FUNCTION.finditer(body)}
    if not functions & {state, inverse}:
        return None
    return (inverse if flipped else state) not in functions


def _bare(text: str) -> str:
    return re.sub(r"[\s()]", "", text)
