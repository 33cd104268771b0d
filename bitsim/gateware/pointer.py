"""Places of a ring."""

from __future__ import annotations

from amaranth.hdl import Mux, Signal, Value


def place_pointer(size: int, name: str) -> Signal:
    """Wide enough for `size` places, and never of width 0: one place is held as one of two."""
    return Signal(range(max(2, size)), name=name)


def following(pointer: Signal, size: int) -> Value:
    """The place after this one; after the last comes 0."""
    if size == 1 << len(pointer):
        return (pointer + 1)[: len(pointer)]
    return Mux(pointer == size - 1, 0, (pointer + 1)[: len(pointer)])
