"""A tiny network, what it multiplies, and the odd machine as a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bitsim.runs.recording import record
from bitsim.spec import catalog
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.catalog import load_accelerator
from bitsim.trace.reader import Trace, load_trace
from tests.fpga.hosting import MACHINE


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A network of 15,360 weights, synthetic."""
    text = catalog.find("networks", "small").read_text()
    for size, smaller in (("hidden_size = 128", 32), ("intermediate_size = 384", 48)):
        assert size in text
        text = text.replace(size, f"{size.split()[0]} = {smaller}")
    path = tmp_path_factory.mktemp("network") / "tiny.toml"
    path.write_text(text)
    return str(path)


@pytest.fixture(scope="session")
def trace(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """Two passes: five tokens, then one."""
    path = tmp_path_factory.mktemp("trace") / "tiny.trace"
    record(tiny, "seven", 2, 0, path, "test", say=lambda text: None)
    return load_trace(path)


@pytest.fixture
def machine_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_machine(MACHINE, tmp_path_factory.mktemp("machine"))


def write_machine(machine: AcceleratorSpec, folder: Path) -> Path:
    """As a file, for a command."""
    lines: list[str] = []
    tables = machine.model_dump(exclude_none=True)
    lines += [f"{k} = {json.dumps(v)}" for k, v in tables.items() if not isinstance(v, dict)]
    for title, table in tables.items():
        if isinstance(table, dict) and title != "units":
            lines += [f"[{title}]", *(f"{k} = {json.dumps(v)}" for k, v in table.items())]
    for unit, table in tables["units"].items():
        lines += [f"[units.{unit}]", *(f"{k} = {json.dumps(v)}" for k, v in table.items())]
    path = folder / "machine.toml"
    path.write_text("\n".join(lines))
    assert load_accelerator(str(path)) == machine
    return path
