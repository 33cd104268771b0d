"""Many accelerators described at once: a base, and fields that vary."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from bitsim.spec.accelerator import NAME, NAME_RULE
from bitsim.spec.base import Spec

MAX_DESIGNS = 100_000

Value = int | float | bool | str
FieldPath = Annotated[str, Field(pattern=r"^[a-z_]+(\.[A-Za-z0-9_]+)*$", max_length=128)]
Values = Annotated[tuple[Value, ...], Field(min_length=1)]


class SweepSpec(Spec):
    """Every combination of the values of `grid`, each with every line of the `together` tables.

    Fields are named as in the accelerator's file, with dots: "array.lanes", "memory.most_gb_per_s".
    A table of `together` has lists of one length, whose values change at the same time.
    """

    name: Annotated[str, Field(pattern=NAME, max_length=64)] = Field(
        description=f"of the sweep and its files; {NAME_RULE}"
    )
    note: str = Field("", description="for people: what the sweep asks")
    accelerator: str = Field(description="name or path; what does not vary is as there")
    network: str = Field(description="name or path")
    technology: str | None = Field(None, description="name or path; else the accelerator's own")
    stage: Literal["decode", "prefill"] = Field("decode", description="pass that is simulated")
    batch: int = Field(1, ge=1, le=1 << 16, description="sequences of a pass")
    context: int = Field(
        512, ge=1, le=1 << 24, description="tokens in the KV cache; for prefill, of the prompt"
    )
    grid: dict[FieldPath, Values] = Field(
        default_factory=dict,
        description="values of a field of the accelerator, every combination once",
    )
    together: tuple[Annotated[dict[FieldPath, Values], Field(min_length=1)], ...] = Field(
        (), description="values of fields that change at the same time, lists of one length"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = []
        for number, table in enumerate(self.together, 1):
            lengths = {path: len(values) for path, values in table.items()}
            if len(set(lengths.values())) > 1:
                said = ", ".join(f"{path} has {length}" for path, length in lengths.items())
                faults.append(
                    f"together, table {number}: lists of different length ({said}); give each as "
                    f"many values"
                )
        if not self.fields:
            faults.append("nothing varies; add [grid] with a list of values for a field")
        paths = [path for axis in self.axes for path in axis]
        faults += [
            f"{path}: varied twice; name it in one place"
            for path in sorted({path for path in paths if paths.count(path) > 1})
        ]
        if not faults and self.count > MAX_DESIGNS:
            faults.append(f"{self.count} designs; at most {MAX_DESIGNS}: give fewer values")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def axes(self) -> tuple[dict[str, tuple[Value, ...]], ...]:
        """What varies independently: each field of the grid, then each table of `together`."""
        return (*({path: values} for path, values in self.grid.items()), *self.together)

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field that varies, in the order of the axes."""
        return tuple(path for axis in self.axes for path in axis)

    @property
    def count(self) -> int:
        """Designs, the ones that an accelerator's checks will refuse included."""
        return math.prod(_length(axis) for axis in self.axes)

    def settings(self, index: int) -> dict[str, Value]:
        """Field values of design `index`; the last axis varies fastest."""
        assert 0 <= index < self.count, index
        places = []
        for axis in reversed(self.axes):
            index, place = divmod(index, _length(axis))
            places.append({path: values[place] for path, values in axis.items()})
        merged: dict[str, Any] = {}
        for place_values in reversed(places):
            merged |= place_values
        return merged


def _length(axis: dict[str, tuple[Value, ...]]) -> int:
    return len(next(iter(axis.values())))
