"""Mutations that keep the form: bytes at random rarely stay JSON, and readers begin with that."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

VALUES = (
    *(0, 1, -1, 2, 3, 5, 16, 255, 1 << 31, 1 << 32, 1 << 53, (1 << 62) + 1, 1 << 63, (1 << 64) - 1),
    *(10**30, 0.5, -0.0, 1e-320, 1e308, True, False, None),
    *("", "a", "\0", "../a", "\u00df", "\n", "[UNK]", "x" * 600, [], {}, [0], [[[]]], {"a": 1}),
)
LENGTH_BYTES = 8


def json_text(data: bytes, random: Random) -> bytes | None:
    """Another JSON text with one to three changes, or None if it is none now."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    for _ in range(random.randint(1, 3)):
        value = _changed(value, random)
    try:
        return json.dumps(value).encode()
    except (ValueError, RecursionError):
        return None


def safetensors(data: bytes, random: Random) -> bytes | None:
    """Another header of the right length before the same data."""
    size = int.from_bytes(data[:LENGTH_BYTES], "little")
    header = json_text(data[LENGTH_BYTES : LENGTH_BYTES + size], random)
    if header is None:
        return None
    return len(header).to_bytes(LENGTH_BYTES, "little") + header + data[LENGTH_BYTES + size :]


Form = Callable[[bytes, Random], bytes | None]
FORMS: dict[str, Form] = {
    ".json": json_text,
    ".safetensors": safetensors,
}


def _changed(root: Any, random: Random) -> Any:
    places = list(_places(root))
    if not places:
        return random.choice(VALUES)
    holder, key = random.choice(places)
    kind = random.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        other, its = random.choice(places)
        holder[key] = copy.deepcopy(other[its])
    elif kind == 2 and isinstance(holder, dict):
        holder[random.choice([*holder, "a", "\u00df"])] = holder.pop(key)
    elif kind == 3 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    elif kind == 4 and type(holder[key]) is int:
        holder[key] += random.choice((-16, -1, 1, 4, 1 << 32))
    else:
        holder[key] = copy.deepcopy(random.choice(VALUES))
    return root


def _places(root: Any) -> Any:
    """Every (list or dict, key) of a value, without recursion."""
    waiting = [root]
    while waiting:
        holder = waiting.pop()
        keys = (
            holder
            if isinstance(holder, dict)
            else range(len(holder))
            if isinstance(holder, list)
            else ()
        )
        for key in keys:
            yield holder, key
            waiting.append(holder[key])
