"""The Verilog that is written: the committed bytes, wherever it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bitsim.gateware.emit.verilog import emit
from bitsim.spec.accelerator import AcceleratorSpec
from tests.gateware.emit.shipped import digest, recorded

RTL = Path(__file__).resolve().parents[3] / "rtl"


@pytest.mark.parametrize("name", sorted(path.stem for path in RTL.glob("*.v")))
def test_the_committed_verilog_is_what_was_recorded_of_emit(name: str) -> None:
    """That emit writes what was recorded is asked in `test_shipped_verilog.py`."""
    committed = (RTL / f"{name}.v").read_text()
    assert digest(committed) == recorded()[f"{name}.v"], (
        f"rtl/{name}.v is out of date: bitsim rtl emit --accelerator {name} --out rtl/{name}.v"
    )
    assert len(committed) < 520_000


def test_a_yosys_on_the_path_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: AcceleratorSpec
) -> None:
    expected = emit(small)
    (tmp_path / "yosys").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "yosys").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert emit(small) == expected


def test_modules_carry_the_accelerators_name_and_no_path_of_this_machine(
    small: AcceleratorSpec,
) -> None:
    text = emit(small)
    modules = re.findall(r"^module (\S+?)\s?\(", text, re.MULTILINE)
    assert modules[0] == small.name
    assert all(each == small.name or each.startswith(f"{small.name}_") for each in modules)
    assert len(set(modules)) == len(modules)
    assert str(Path.home()) not in text
    assert ".py" not in text


def test_each_port_of_the_contract_is_there(small: AcceleratorSpec) -> None:
    text = emit(small)
    top = text[text.index(f"module {small.name}(") : text.index("endmodule")]
    widths = {
        name: int(high or 0) + 1
        for high, name in re.findall(
            r"^  (?:input|output) (?:\[(\d+):0\] )?(\w+);$", top, re.MULTILINE
        )
    }
    array = small.array
    expected = {"clk": 1, "rst": 1, "phases__payload": 48}
    expected["activations__payload"] = 8 * array.lanes * array.slices
    expected["results__payload"] = array.columns * array.slices * array.accumulator_bits
    streams = ["phases", "activations", "results"]
    streams += [f"weights_{column}" for column in range(array.columns)]
    for stream in streams:
        expected |= {f"{stream}__valid": 1, f"{stream}__ready": 1}
    for column in range(array.columns):
        expected[f"weights_{column}__payload"] = 8 * array.beat_bytes
    for counter in (
        "cycles", "busy", "wait_weights", "wait_activations", "wait_results", "drain", "adds",
        "subtracts", "skips",
    ):  # fmt: skip
        expected[counter] = 48
    assert widths == expected
