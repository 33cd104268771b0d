"""Mutants of emitted Verilog, each of them switched on at run time by a number.

The text that Amaranth and yosys write is regular: one operator for each `assign`, and `always @*`
blocks of plain `if`, `casez` and assignments. So each mutant is a change of one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SELECT = "mutation_pkg::active"  # by machine: number of the mutant that is on, 0 for none

_DECLARED = re.compile(r"^  (?:output |input )?(?:wire|reg) (?:\[(\d+):0\] )?(\S+)(?: = \S+)?\s*;$")
_ASSIGN = re.compile(r"^  assign (\w+|\\\S+ ) *= (.*);$")
_IF = re.compile(r"^( *(?:end else )?if) \((.*)\)( begin)?$")
_NEXT = re.compile(r"^( +)(\w+|\\\S+ )( *=|\s*<=) (\d+'h[0-9a-f]+);$")
_LITERAL = re.compile(r"(\d+)'h([0-9a-f]+)")
_BINARY = re.compile(r"^(\S+(?: \[[\d:]+\])? ?) ([-+&|<>]|==|!=|<=|>=) (.+)$")
_CHOICE = re.compile(r"^(.+?) \? (.+) : (.+)$")
_OTHER = {
    "+": "-", "-": "+", "&": "|", "|": "&", "==": "!=", "!=": "==",
    "<": "<=", ">": ">=", "<=": "<", ">=": ">",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A change of one line.

    module  in which it is, as the Verilog calls it
    kind    of change
    line    number within the module, from 0
    before, after    the line's text
    register         for a condition, what is first assigned under it
    """

    module: str
    kind: str
    line: int
    before: str
    after: str
    register: str = ""

    def __str__(self) -> str:
        place = f" ({self.register})" if self.register else ""
        change = f"{self.before.strip()}  ->  {self.after.strip()}"
        return f"{self.module}: {self.kind}: {change}{place}"


def modules(verilog: str) -> dict[str, list[str]]:
    """The lines of each module, by name."""
    parts = re.split(r"^(?=module )", verilog, flags=re.MULTILINE)[1:]
    return {re.match(r"module ([^\s(]+)", part)[1]: part.split("\n") for part in parts}  # type: ignore[index]


def mutants_of(module: str, lines: Sequence[str]) -> Iterator[Mutant]:
    """All that are known to this file."""
    widths = _read_widths(lines)
    for number, line in enumerate(lines):
        for kind, after in _changes(line, widths):
            yield Mutant(module, kind, number, line, after, _register(lines, number))


def _register(lines: Sequence[str], number: int) -> str:
    """What is assigned in or first below this line; nothing for an `assign`."""
    if _ASSIGN.match(lines[number]):
        return ""
    for place in range(number, min(number + 12, len(lines))):
        if match := re.match(r"^ +([\w\\$]+)(?:\[.*\])? *<?= ", lines[place]):
            in_reset = " in reset" if lines[place - 1].strip() == "if (rst) begin" else ""
            return match[1].removesuffix("_next") + in_reset
    return ""


def _read_widths(lines: Sequence[str]) -> dict[str, int]:
    """The bits of each name that something reads, an output as a whole: others may be anything."""
    text = "\n".join(map(_read_part, lines))
    found = {}
    for name, width in _widths(lines).items():
        token = re.escape(name) + ("" if name.startswith("\\") else r"\b")
        uses = re.findall(rf"(?<![\w.$\\]){token} ?(?:\[(\d+)(?::\d+)?\])?", text)
        if f"  output {name};" in text or re.search(rf"^  output \[\d+:0\] {token};", text, re.M):
            found[name] = width
        elif uses:
            found[name] = width if "" in uses else max(map(int, uses)) + 1
    return found


def _read_part(line: str) -> str:
    """A line without what it declares or assigns."""
    if line.startswith("  output "):
        return line
    if _DECLARED.match(line):
        return ""
    if match := _ASSIGN.match(line):
        return match[2]
    match = re.match(r"^ +(?:\w+|\\\S+ ) *<?= (.*)$", line)
    return match[1] if match else line


def _widths(lines: Sequence[str]) -> dict[str, int]:
    found = (_DECLARED.match(line) for line in lines)
    return {match[2].strip(): int(match[1] or 0) + 1 for match in found if match}


def _changes(line: str, widths: dict[str, int]) -> Iterator[tuple[str, str]]:
    if match := _ASSIGN.match(line):
        name, value = match[1], match[2].strip()
        width = widths.get(name.strip())
        if width is None:  # nobody reads it
            return
        for change, other in _values(value, width):
            yield change, f"  assign {name} = {other} ;"
    elif match := _IF.match(line):
        before, condition, after = match[1], match[2].strip(), match[3] or ""
        if condition == "rst":
            yield "missing reset", f"{before} (1'b0){after}"
            return
        yield "condition inverted", f"{before} (!( {condition} )){after}"
        yield "missing enable", f"{before} (1'b1){after}"
        yield "condition never", f"{before} (1'b0){after}"
    elif match := _NEXT.match(line):
        for change, other in _constants(match[4]):
            yield change, f"{match[1]}{match[2]}{match[3]} {other};"


def _values(value: str, width: int) -> Iterator[tuple[str, str]]:
    for bit in sorted({0, width // 2, width - 1}):
        mask = f"{width}'h{1 << bit:x}"
        yield f"bit {bit} inverted", f"{mask} ^ ( {value} )"
        yield f"bit {bit} stuck at 1", f"{mask} | ( {value} )"
        others = ~(1 << bit) & (1 << width) - 1
        yield f"bit {bit} stuck at 0", f"{width}'h{others:x} & ( {value} )"
    yield from _constants(value)
    if match := _CHOICE.match(value):
        yield "choice swapped", f"{match[1]} ? {match[3]} : {match[2]}"
    elif match := _BINARY.match(value):
        left, operator, right = match.groups()
        if operator in "-<><=>=":
            yield "operands swapped", f"{right} {operator} {left} "
        yield "another operator", f"{left} {_OTHER[operator]} {right}"
    elif value.startswith("! "):
        yield "another operator", f"| {value[2:]}"
    elif value.startswith("~ "):
        yield "not inverted", value[2:]


def _constants(value: str) -> Iterator[tuple[str, str]]:
    for match in _LITERAL.finditer(value):
        width, number = int(match[1]), int(match[2], 16)
        for step in (1, -1):
            changed = (number + step) % (1 << width)
            if width == 1 and step < 0:
                continue  # the same as one more
            literal = f"{width}'h{changed:0{len(match[2])}x}"
            kind = f"constant {'one more' if step > 0 else 'one less'}"
            yield kind, value[: match.start()] + literal + value[match.end() :]


def with_mutants(
    lines: Sequence[str], mutants: Sequence[tuple[int, Mutant]], machine: int
) -> list[str]:
    """A module that holds its own text and these mutants of it, by number."""
    by_line: dict[int, list[tuple[int, Mutant]]] = {}
    for number, mutant in mutants:
        by_line.setdefault(mutant.line, []).append((number, mutant))
    widths = _widths(lines)
    return [
        text
        for index, line in enumerate(lines)
        for text in (
            _switched(line, by_line[index], widths, machine) if index in by_line else [line]
        )
    ]


def _switched(
    line: str, mutants: Sequence[tuple[int, Mutant]], widths: dict[str, int], machine: int
) -> list[str]:
    def on(number: int) -> str:
        return f"({SELECT}[{machine}] == {number})"

    if match := _ASSIGN.match(line):
        # Each variant has a wire of its own, so that none is computed in another's width or sign.
        name, width = match[1], widths[match[1].strip()]
        first = mutants[0][0]
        texts = [f"  wire [{width - 1}:0] own_{first} = {match[2]} ;"]
        value = f"own_{first}"
        for number, mutant in mutants:
            changed = _ASSIGN.match(mutant.after)
            assert changed
            texts.append(f"  wire [{width - 1}:0] mutant_{number} = {changed[2]} ;")
            value = f"{on(number)} ? mutant_{number} : {value}"
        return [*texts, f"  assign {name} = {value};"]
    if match := _IF.match(line):
        condition = match[2]
        for number, mutant in mutants:
            changed = _IF.match(mutant.after)
            assert changed
            condition = f"({on(number)} ? {_truth(changed[2])} : {_truth(condition)})"
        return [f"{match[1]} ({condition}){match[3] or ''}"]
    match = _NEXT.match(line)
    assert match
    value = match[4]
    for number, mutant in mutants:
        changed = _NEXT.match(mutant.after)
        assert changed
        value = f"{on(number)} ? {changed[4]} : {value}"
    return [f"{match[1]}{match[2]}{match[3]} {value};"]


def _truth(condition: str) -> str:
    """As one bit, whatever its width."""
    return f"(|( {condition} ))"
