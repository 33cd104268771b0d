"""A column of a small library: what must be so of it, whatever the tools make of it."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bitsim.cli import main
from bitsim.errors import BitsimError
from bitsim.spec.catalog import load_accelerator
from bitsim.synthesis import sta
from bitsim.synthesis.gates.dot.drive import drive_column
from bitsim.synthesis.gates.dot.work import random_work, recorded, recorded_work
from bitsim.synthesis.gates.netlist import flatten
from bitsim.synthesis.gates.power import PARTS
from bitsim.synthesis.gates.program import GateProgram, compile_netlist
from bitsim.synthesis.gates.simulation import RUNS, GateSimulation
from bitsim.synthesis.liberty.cell import read_cells
from bitsim.trace.job import Job
from tests.synthesis.tiny_liberty import (
    AREAS,
    tiny_library,
)

ARRAY = {
    "columns": 2, "lanes": 4, "hold": 2, "accumulator_bits": 14, "max_k": 60,
    "weight_fifo_beats": 2, "activation_buffer_beats": 32, "result_fifo_beats": 2,
}  # fmt: skip


def machine(folder: Path, **changes: int) -> str:
    text = (Path(__file__).resolve().parents[2] / "models/accelerators/dot_16x40.toml").read_text()
    for name, value in {**ARRAY, **changes}.items():
        text, found = re.subn(rf"^{name} = \S+", f"{name} = {value}", text, flags=re.M)
        assert found == 1, name
    path = folder / "tiny.toml"
    path.write_text(text.replace('"dot_16x40"', '"tiny"', 1))
    return str(path)


@pytest.fixture(scope="module")
def column(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A column of the tiny library with clock gates, its power, and the folder of its netlist."""
    folder = tmp_path_factory.mktemp("column")
    (folder / "tiny.lib").write_text(tiny_library())
    with pytest.MonkeyPatch.context() as patch:
        table: dict[str, Any] = {}
        patch.setattr("bitsim.cli.output.print_json", table.update)
        arguments = ["--accelerator", machine(folder), "--block", "column", "--clock-ns", "2"]
        library = ["--liberty", str(folder / "tiny.lib"), "--clock-gating", "--power"]
        out = ["--json", "--out", str(folder / "kept")]
        assert main(["rtl", "synth", *arguments, *library, *out]) == 0
    return table | {"folder": folder}


def test_parts_of_a_column_add_up(column: dict[str, Any]) -> None:
    def exact(value: float) -> Decimal:
        return Decimal(repr(value))

    cells = column["cell_types"]
    assert set(cells) <= set(AREAS) - {"FLOPE"}  # the smaller flip-flop and a gate before it
    assert cells["GATE"] > 0
    assert column["area_um2"] == sum(AREAS[name] * count for name, count in cells.items())
    rows = {row["module"]: row for row in column["hierarchy"]}
    own = sum(row["copies"] * exact(row["area_um2"]) for row in rows.values())
    assert own == exact(column["area_um2"]) == exact(rows["tiny_column"]["total_area_um2"])
    assert rows["tiny_decoder"]["total_area_um2"] == rows["tiny_decoder"]["area_um2"]
    assert column["flip_flops"] == cells["FLOP"]
    decode, prefill = column["power"]
    assert (decode["work"], prefill["work"]) == ("decode", "prefill")
    for power in (decode, prefill):
        parts = [power[f"{part}_mw"] for part in PARTS]
        assert min(parts) > 0
        assert power["total_mw"] == pytest.approx(sum(parts), rel=1e-12)
        assert sum(power["modules_mw"].values()) == pytest.approx(power["total_mw"], rel=1e-9)
        assert power["pj_per_product"] == pytest.approx(power["total_mw"] * 2.0 / 4, rel=1e-12)
        assert power["cycles"] > 200 * RUNS
    assert decode["zero_weights"] == pytest.approx(0.44, abs=0.01)
    # A held weight neither moves on nor toggles: fewer clocks pass, and fewer gates switch.
    assert prefill["clock_mw"] < decode["clock_mw"]
    assert prefill["combinational_mw"] < decode["combinational_mw"]


RAM = """
library (ram) { cell (RAM_64x16) { area : 500;
  memory () { type : ram; address_width : 6; word_width : 16; } } }
"""


@pytest.mark.full
def test_an_array_with_a_memory_beside_it_computes_its_sums(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table: dict[str, Any] = {}
    monkeypatch.setattr("bitsim.cli.output.print_json", table.update)
    for name, text in (("tiny", tiny_library()), ("ram", RAM)):
        (tmp_path / f"{name}.lib").write_text(text)
    name = machine(tmp_path, activation_buffer_beats=256, slices=2)
    library = ["--liberty", str(tmp_path / "tiny.lib"), str(tmp_path / "ram.lib"), "--power"]
    # Every sum that comes out is compared with numpy's: it ends here only if all are right.
    assert main(["rtl", "synth", "--accelerator", name, *library, "--json"]) == 0
    (memory,) = table["memories"]
    assert (memory["words"], memory["width"]) == (256, 64)
    assert (memory["ram"], memory["rams"], memory["area_um2"]) == ("RAM_64x16", 16, 8000.0)
    decode, prefill = table["power"]
    assert decode["pj_per_product"] == pytest.approx(decode["total_mw"] * 5.0 / 16, rel=1e-12)
    assert prefill["cycles"] > 200 * RUNS
    assert prefill["zero_weights"] == pytest.approx(0.44, abs=0.01)


def kept_program(column: dict[str, Any], broken: bool = False) -> GateProgram:
    design = json.loads((column["folder"] / "kept" / "netlist.json").read_text())
    if broken:
        cells = design["modules"]["tiny_column"]["cells"]
        nands = [each for each in cells.values() if each["type"] == "NAND"]
        nands[len(nands) // 2]["type"] = "NOR"
    netlist = flatten(design, "tiny_column")
    kinds = {each.kind for each in netlist.instances}
    return compile_netlist(netlist, read_cells([tiny_library()], kinds))


def test_a_netlist_with_one_wrong_gate_is_found_out(column: dict[str, Any]) -> None:
    spec = load_accelerator(str(column["folder"] / "tiny.toml")).array
    work = random_work(spec, 1, 0.44, held=True)
    steps = drive_column(GateSimulation(kept_program(column)), spec, work)
    assert steps > 0
    with pytest.raises(BitsimError, match="sums are wrong"):
        drive_column(GateSimulation(kept_program(column, broken=True)), spec, work)


def test_recorded_products_are_dealt_out_to_the_runs_and_computed(column: dict[str, Any]) -> None:
    spec = load_accelerator(str(column["folder"] / "tiny.toml")).array
    random = np.random.default_rng(9)
    n, k, m = 150, 15, 3  # rows for 64 runs twice and some more; a beat and a vector to spare
    weights = random.integers(-1, 2, (n, k), dtype=np.int8)
    activations = random.integers(-128, 128, (m, k), dtype=np.int8)
    job = Job("recorded", weights, activations)
    work = recorded(spec, 1, job)
    assert work.shape == (3, 4, 2)  # three rows a run, ceil(15 / 4) beats, two of the vectors
    rows = np.arange(3 * RUNS).reshape(3, RUNS).T % n
    expected = job.expected()[:2].T[rows]  # (runs, rows, groups)
    assert np.array_equal(work.sums()[..., 0, 0], expected)
    assert drive_column(GateSimulation(kept_program(column)), spec, work) > 0


def test_a_trace_without_a_product_that_fits_is_refused(column: dict[str, Any]) -> None:
    spec = load_accelerator(str(column["folder"] / "tiny.toml")).array
    trace = Path(__file__).resolve().parents[2] / "traces" / "addition.trace"
    with pytest.raises(BitsimError, match=r"no product of at most max_k = 60"):
        next(recorded_work(spec, 1, trace))


def test_without_opensta_the_reason_and_the_remedy_are_told(
    column: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(column["timing"]) == {
        "start", "end", "arrival_ns", "slack_ns", "fmax_mhz", "reason"
    }  # fmt: skip
    assert (column["timing"]["reason"] is None) == (sta.sta_program() is not None)
    monkeypatch.setenv("PATH", "/nowhere")
    told: list[str] = []
    found = sta.analyse("top", [], 1.0, tmp_path, told.append)
    assert isinstance(found, sta.NoTiming)
    assert told == ["no timing: OpenSTA is not on PATH; apt-get install opensta"]
