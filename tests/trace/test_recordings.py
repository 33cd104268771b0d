"""The recordings in traces/: what their commands make, byte for byte."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from bitsim.cli import main
from bitsim.reference.kernels.product.product import exact_product
from bitsim.trace import load_trace

TRACES = Path(__file__).parents[2] / "traces"
COMMANDS = {
    name: shlex.split(command)
    for name, command in re.findall(
        r"^\| `(\S+\.trace)` \|.*\| `(bitsim trace record [^`]*)` \|$",
        (TRACES / "README.md").read_text(),
        re.MULTILINE,
    )
}


def test_every_recording_has_its_command_in_the_readme_and_in_itself():
    assert COMMANDS.keys() == {path.name for path in TRACES.glob("*.trace")}
    assert "addition.trace" in COMMANDS
    for name, command in COMMANDS.items():
        assert shlex.split(load_trace(TRACES / name).manifest.command) == command
        assert command[-2:] == ["--out", f"traces/{name}"]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_recording_is_what_its_command_makes(tmp_path, name):
    again = tmp_path / name
    assert main([*COMMANDS[name][1:-1], str(again)]) == 0
    told = {"command", "bitsim"}  # who asked, and which version was asked
    expected = load_trace(TRACES / name).manifest.model_dump(exclude=told)
    assert load_trace(again).manifest.model_dump(exclude=told) == expected
    for file in (TRACES / name).glob("*.safetensors"):
        assert (again / file.name).read_bytes() == file.read_bytes()


def test_the_recorded_sum_has_the_products_of_its_network():
    trace = load_trace(TRACES / "addition.trace")
    m = sum(each.m for each in trace.passes)
    info = trace.info()
    assert [each.context for each in trace.passes] == [0, 9, 10]
    assert info["events"] == 4 * trace.network.layers * len(trace.passes)
    assert info["products"] == trace.network.ternary_weights * m
    assert info["weights"] == trace.network.ternary_weights
    assert info["bytes"] < 1_500_000


def test_a_recording_is_enough_to_replay_it():
    for event in load_trace(TRACES / "addition.trace").events():
        assert np.array_equal(event.job().expected(), exact_product(event))
