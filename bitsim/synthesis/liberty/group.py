"""Groups of a Liberty file: `name (arguments) { attribute : value; inner groups }`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite, nan

from bitsim.errors import BitsimError

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|\\\r?\n|([{}();:,\n])|([^\s{}();:,"]+)', re.DOTALL)


@dataclass
class Group:
    """One group as it is written.

    arguments   between its parentheses
    simple      `attribute : value;`, the last of each name
    complex     `attribute (value, ...);`, all of each name
    groups      inner ones, in order
    """

    kind: str
    arguments: tuple[str, ...]
    simple: dict[str, str] = field(default_factory=dict)
    complex: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)

    def of(self, kind: str) -> Iterator[Group]:
        """Inner groups of a kind."""
        return (each for each in self.groups if each.kind == kind)

    def number(self, name: str, otherwise: float = 0.0) -> float:
        """A simple attribute as a number."""
        return as_number(self.simple[name], name) if name in self.simple else otherwise


def as_number(text: str, what: str) -> float:
    """A number of a Liberty file."""
    try:
        number = float(text)
    except ValueError:
        number = nan
    if not isfinite(number):
        raise BitsimError(f"--liberty: {what} = {text[:40]!r} is not a number; correct the file")
    return number


def read_body(text: str, kind: str, arguments: tuple[str, ...], start: int = 0) -> Group:
    """The group whose body begins at `text[start]`, after its opening brace."""
    group = Group(kind, arguments)
    _fill(group, _Tokens(text, start))
    return group


class _Tokens:
    """Words, quoted strings (with their first quote, which distinguishes them) and marks."""

    def __init__(self, text: str, start: int) -> None:
        self._found = _TOKEN.finditer(text, start)
        self._back: list[str] = []

    def next(self, lines: bool = False) -> str:
        """The next token; "}" at the end of the text. Ends of lines only where they are asked."""
        while True:
            token = self._back.pop() if self._back else self._read()
            if token != "\n" or lines:
                return token

    def back(self, token: str) -> None:
        """Read this one again."""
        self._back.append(token)

    def _read(self) -> str:
        for found in self._found:
            quoted, mark, word = found.groups()
            if quoted is not None:
                return f'"{quoted}'
            if mark or word:
                return mark or word
        return "}"


def _fill(group: Group, tokens: _Tokens) -> None:
    """Read up to the closing brace."""
    while (token := tokens.next()) != "}":
        if token in ";:,(){" or token.startswith('"'):
            continue  # nothing begins with it
        mark = tokens.next()
        if mark == ":":
            group.simple[token] = _value(tokens)
        elif mark == "(":
            arguments = _arguments(tokens)
            following = tokens.next()
            if following == "{":
                inner = Group(token, arguments)
                group.groups.append(inner)
                _fill(inner, tokens)
                continue
            group.complex.setdefault(token, []).append(arguments)
            if following != ";":  # as a line without one
                tokens.back(following)
        else:
            tokens.back(mark)


def _value(tokens: _Tokens) -> str:
    """Up to the semicolon, or to the end of the line where that was forgotten."""
    parts: list[str] = []
    while (token := tokens.next(lines=True)) not in (";", "}"):
        if token != "\n":
            parts.append(token.removeprefix('"'))
        elif parts:
            break
    if token == "}":
        tokens.back(token)
    return " ".join(parts)


def _arguments(tokens: _Tokens) -> tuple[str, ...]:
    values = []
    while (token := tokens.next()) not in (")", "}"):
        if token not in (",", "("):
            values.append(token.removeprefix('"'))
    return tuple(values)
