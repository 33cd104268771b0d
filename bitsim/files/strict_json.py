"""JSON from outside: duplicate keys, NaN, bottomless nesting and half characters are refused."""

from __future__ import annotations

import json
import re
from typing import Any

HALF = re.compile(r"\\u[dD][89a-fA-F]")  # half of a UTF-16 pair


def parse(text: str, most_values: int | None = None) -> Any:
    """The value of a JSON text; ValueError, in one line, for everything that is not plain JSON.

    most_values  how many lists, objects and elements it may have: a text of brackets alone takes
                 many times its size to hold, and a second for each 4 MB
    """
    if most_values is not None:
        values = sum(map(text.count, "[{,"))  # those in strings too
        if values > most_values:
            raise ValueError(f"{values} values, of at most {most_values}")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
        if HALF.search(text):
            json.dumps(value, ensure_ascii=False).encode()  # a lone half could not be shown
        return value
    except UnicodeEncodeError:
        raise ValueError("a \\ud800 to \\udfff escape that is not a character") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"key {key[:80]!r} twice in one object")
            seen.add(key)
    return table


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")
