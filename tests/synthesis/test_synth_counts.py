"""`bitsim rtl synth`: what the tools count, and what must be so whatever they count."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bitsim.cli import main

TINY = """
library (tiny) {
  capacitive_load_unit (1, pf);
  cell (INV) { area : 1; pin (A) { direction : input; capacitance : 0.002; }
    pin (Y) { direction : output; function : "!A"; } }
  cell (BUF) { area : 1.5; pin (A) { direction : input; capacitance : 0.002; }
    pin (Y) { direction : output; function : "A"; } }
  cell (NAND) { area : 2; pin (A) { direction : input; capacitance : 0.002; }
    pin (B) { direction : input; capacitance : 0.002; }
    pin (Y) { direction : output; function : "!(A B)"; } }
  cell (NOR) { area : 2.5; pin (A) { direction : input; capacitance : 0.002; }
    pin (B) { direction : input; capacitance : 0.002; }
    pin (Y) { direction : output; function : "!(A+B)"; } }
  cell (TIE0) { area : 0.5; pin (Y) { direction : output; function : "0"; } }
  cell (TIE1) { area : 0.5; pin (Y) { direction : output; function : "1"; } }
  cell (FLOP) { area : 7; ff (IQ, IQN) { clocked_on : "C"; next_state : "D"; }
    pin (C) { direction : input; clock : true; capacitance : 0.002; }
    pin (D) { direction : input; capacitance : 0.002; }
    pin (Q) { direction : output; function : "IQ"; } }
}
"""
AREAS = {"INV": 1, "BUF": 1.5, "NAND": 2, "NOR": 2.5, "TIE0": 0.5, "TIE1": 0.5, "FLOP": 7}
ARRAY = {
    "columns": 2, "lanes": 4, "hold": 1, "accumulator_bits": 14, "max_k": 60,
    "weight_fifo_beats": 2, "activation_buffer_beats": 16, "result_fifo_beats": 2,
}  # fmt: skip


def machine(folder: Path, name: str, **changes: int) -> str:
    text = (Path(__file__).resolve().parents[2] / "models/accelerators/dot_16x40.toml").read_text()
    for field, value in {**ARRAY, **changes}.items():
        text, found = re.subn(rf"^{field} = \S+", f"{field} = {value}", text, flags=re.M)
        assert found == 1, field
    path = folder / f"{name}.toml"
    path.write_text(text.replace('"dot_16x40"', f'"{name}"', 1))
    return str(path)


def synth(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["rtl", "synth", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def library(folder: Path, text: str = TINY) -> str:
    path = folder / "tiny.lib"
    path.write_text(text)
    return str(path)


def test_modules_on_an_fpga_add_up_and_a_column_more_takes_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = synth(
        capsys, "--accelerator", machine(tmp_path, "two"), "--target", "ecp5",
        "--out", str(tmp_path / "kept"),
    )  # fmt: skip
    large = synth(capsys, "--accelerator", machine(tmp_path, "four", columns=4), "--target", "ecp5")
    for found in (small, large):
        for kind, count in found["cells"].items():
            summed = sum(part["copies"] * part["cells"][kind] for part in found["hierarchy"])
            assert summed == count, kind
        assert sum(found["cells"].values()) == sum(found["cell_types"].values())
        assert found["cells"]["other"] == found["cells"]["dsp"] == 0
        assert min(found["cells"][kind] for kind in ("lut", "carry", "ff")) > 0
        assert found["fmax_mhz"] is None
    copies = {part["module"]: part["copies"] for part in small["hierarchy"]}
    assert (copies["two"], copies["two_column"], copies["two_decoder"]) == (1, 2, 2)
    for kind in ("lut", "carry", "ff"):
        assert large["cells"][kind] > small["cells"][kind]
    assert {"block.v", "netlist.v", "stat.json"} <= {
        each.name for each in (tmp_path / "kept").iterdir()
    }


def test_a_library_of_seven_cells_is_enough_and_areas_add_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = synth(
        capsys, "--accelerator", machine(tmp_path, "two"), "--block", "column",
        "--liberty", library(tmp_path),
    )  # fmt: skip
    cells = found["cell_types"]
    assert set(cells) <= set(AREAS)
    assert found["area_um2"] == sum(AREAS[cell] * count for cell, count in cells.items())
    assert found["flip_flops"] == cells["FLOP"] > 14
    assert found["cells"] == sum(cells.values())
    by_module = [part["copies"] * part["area_um2"] for part in found["hierarchy"]]
    assert sum(by_module) == found["area_um2"]
    assert found["memories"] == []
    assert found["timing"]["reason"] == "the library has no delays"
    assert found["timing"]["slack_ns"] is None and found["power"] is None
    assert found["clock_ns"] == 5.0  # the accelerator's 200 MHz


@pytest.mark.full
def test_a_large_memory_is_named_and_not_counted_as_cells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = machine(tmp_path, "deep", activation_buffer_beats=256)
    found = synth(capsys, "--accelerator", name, "--liberty", library(tmp_path))
    assert [memory["bits"] for memory in found["memories"]] == [256 * 4 * 8]
    assert found["memories"][0]["module"] == "deep_ring"
    assert found["flip_flops"] < 256 * 4 * 8
    assert sum(found["cell_types"].values()) == found["cells"] + 1


@pytest.mark.full
@pytest.mark.parametrize("target", ["ecp5", "ice40", "gowin"])
def test_a_column_is_placed_and_has_a_clock(
    target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = machine(tmp_path, "two")
    arguments = ["--accelerator", name, "--block", "column", "--target", target, "--place"]
    found = synth(capsys, *arguments)
    assert 20 < found["fmax_mhz"] < 1000
    assert all(0 < used <= there for used, there in found["placed"].values())


@pytest.mark.full
def test_every_xilinx_family_maps_every_cell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("UltraScale+", "UltraScale", "7-series"):
        found = synth(
            capsys, "--accelerator", machine(tmp_path, "two"), "--target", "xilinx",
            "--part", part,
        )  # fmt: skip
        assert found["cells"]["lut"] > 0 and found["cells"]["ff"] > 0
