"""Boolean expressions of Liberty: `!A`, `A'`, `A B`, `A*B`, `A&B`, `A+B`, `A|B`, `A^B`, 0, 1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bitsim.errors import BitsimError, shown

_TOKEN = re.compile(r"\s*([A-Za-z_][\w\[\].]*|[01]|[!~'()*&+|^])")


@dataclass(frozen=True)
class Expression:
    """`operator` is "pin", "0", "1", "not", "and", "or" or "xor"; a pin has a name."""

    operator: str
    operands: tuple[Expression, ...] = ()
    name: str = ""

    def pins(self) -> frozenset[str]:
        """Those that it names."""
        if self.operator == "pin":
            return frozenset([self.name])
        return frozenset().union(*(each.pins() for each in self.operands))


def holds(expression: Expression, pins: Mapping[str, bool]) -> bool:
    """Its value for values of its pins."""
    if expression.operator == "pin":
        return pins[expression.name]
    values = [holds(each, pins) for each in expression.operands]
    match expression.operator:
        case "not":
            return not values[0]
        case "and":
            return values[0] and values[1]
        case "or":
            return values[0] or values[1]
        case "xor":
            return values[0] != values[1]
    return expression.operator == "1"


def parse(text: str) -> Expression:
    """An expression; not binds most, then xor, and, or."""
    tokens: list[str] = []
    at = 0
    stripped = text.rstrip()
    while at < len(stripped):
        found = _TOKEN.match(stripped, at)
        if found is None:
            raise _refused(text)
        tokens.append(found[1])
        at = found.end()
    reader = _Reader(tokens, text)
    expression = reader.or_()
    if reader.tokens:
        raise _refused(text)
    return expression


def _refused(text: str) -> BitsimError:
    return BitsimError(f"--liberty: function {shown(text)} cannot be read; correct the file")


class _Reader:
    def __init__(self, tokens: list[str], text: str) -> None:
        self.tokens = tokens[::-1]
        self.text = text

    def _next(self, marks: str) -> bool:
        if self.tokens and self.tokens[-1] in tuple(marks):
            self.tokens.pop()
            return True
        return False

    def or_(self) -> Expression:
        left = self._and()
        while self._next("+|"):
            left = Expression("or", (left, self._and()))
        return left

    def _and(self) -> Expression:
        left = self._xor()
        while self.tokens and self.tokens[-1] not in tuple(")+|"):
            self._next("*&")  # a blank between two operands means the same
            left = Expression("and", (left, self._xor()))
        return left

    def _xor(self) -> Expression:
        left = self._not()
        while self._next("^"):
            left = Expression("xor", (left, self._not()))
        return left

    def _not(self) -> Expression:
        if self._next("!~"):
            return Expression("not", (self._not(),))
        if self._next("("):
            inner = self.or_()
            if not self._next(")"):
                raise _refused(self.text)
        elif self.tokens and (self.tokens[-1] in ("0", "1") or self.tokens[-1][0] not in "'*&)"):
            token = self.tokens.pop()
            inner = Expression(token) if token in "01" else Expression("pin", name=token)
        else:
            raise _refused(self.text)
        while self._next("'"):
            inner = Expression("not", (inner,))
        return inner
