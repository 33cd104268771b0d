"""The machine's parameters, and what a reader must keep in mind."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bitsim.report.generation import Generation
from bitsim.report.terminal import EXPECTED, EXPECTED_HEAD
from bitsim.system.result import RunResult


@dataclass(frozen=True)
class Table:
    """A table of a TOML file."""

    name: str
    rows: tuple[tuple[str, str], ...]


def parameters(result: RunResult) -> tuple[Table, ...]:
    """Every value of the accelerator's description, in its order, then the network's.

    What the file leaves out is left out.
    """
    machine = list(_tables("accelerator", "", result.accelerator.model_dump(exclude={"note"})))
    network = list(
        _tables("network", "", result.network.model_dump(exclude={"note", "statistics"}))
    )
    technology = {"name": result.technology.name, "node_nm": result.technology.node_nm}
    return (*machine, *network, *_tables("technology", "", technology))


def _tables(title: str, path: str, values: Mapping[str, Any]) -> Iterator[Table]:
    plain = {
        key: each
        for key, each in values.items()
        if each is not None and not isinstance(each, Mapping)
    }
    if plain:
        name = f"[{path}]" if path else title
        yield Table(name, tuple((key, _shown(value)) for key, value in plain.items()))
    for key, each in values.items():
        if isinstance(each, Mapping):
            yield from _tables(title, f"{path}.{key}" if path else key, each)


def _shown(value: Any) -> str:
    """As TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(_shown(each) for each in value)}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def notes(result: RunResult, generation: Generation | None) -> list[str]:
    """Limits of the account, each a sentence or two."""
    found = []
    if generation is not None and generation.synthetic:
        found.append(
            "The weights are synthetic: times, counts and traffic are those of the true "
            "dimensions, the text means nothing."
        )
    if result.expected_counts:
        found.append(EXPECTED)
    if result.expected_head:
        found.append(EXPECTED_HEAD)
    found += [_plain(text) for text in (result.technology.note, result.accelerator.note) if text]
    estimates = [part.name for part in (*result.energy, *result.area) if part.estimate]
    if estimates:
        listed = ", ".join(dict.fromkeys(estimates))
        found.append(f"These parts of energy or area rest on an estimated figure: {listed}.")
    memory = inspect.getdoc(type(result.accelerator.memory)) or ""
    found.append(
        f"Memory is of kind '{result.accelerator.memory.kind}': {_plain(memory.split('.')[0])}."
    )
    found.append(
        "Energy is of what is listed by part and nothing else; area is of the chip, without DRAM."
    )
    return found


def _plain(text: str) -> str:
    return " ".join(text.split())
