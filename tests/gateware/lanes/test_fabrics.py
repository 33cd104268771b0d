"""Lanes in the cells of a family: the integer sums, by yosys with its models of the cells."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

STYLES = Path(__file__).resolve().parents[3] / "rtl" / "styles"
sys.path.insert(0, str(STYLES))

import rejected  # noqa: E402
from check import wrong_sums  # noqa: E402
from measure import STYLES as MEASURED  # noqa: E402

from bitsim.cli import main  # noqa: E402
from bitsim.gateware.emit.verilog import emit  # noqa: E402
from bitsim.gateware.lanes import FABRICS, GENERIC  # noqa: E402
from bitsim.gateware.lanes.ecp5 import _chain_lanes, _levels  # noqa: E402
from bitsim.gateware.lanes.tree import register_levels  # noqa: E402
from bitsim.spec.accelerator import AcceleratorSpec  # noqa: E402
from bitsim.units import ceil_div  # noqa: E402


@pytest.mark.parametrize("name", FABRICS)
def test_lanes_in_cells_give_the_sum_of_extremes_and_noise(name: str) -> None:
    fabric = FABRICS[name]
    assert wrong_sums(fabric.add_lanes, fabric, 11, 2, 20) == []


@pytest.mark.full
@pytest.mark.parametrize(
    ("lanes", "tree_stages"),
    [(1, 0), (1, 2), (2, 1), (3, 0), (5, 3), (8, 6), (33, 1), (40, 2), (64, 2)],
)
@pytest.mark.parametrize("name", FABRICS)
def test_lanes_in_cells_of_every_size(name: str, lanes: int, tree_stages: int) -> None:
    fabric = FABRICS[name]
    assert wrong_sums(fabric.add_lanes, fabric, lanes, tree_stages, 100) == []


@pytest.mark.full
@pytest.mark.parametrize("style", MEASURED, ids=lambda style: style.name)
def test_every_style_that_was_measured_gives_the_sum(style: object) -> None:
    assert wrong_sums(style.add_lanes, style.fabric, 10, 2, 30) == []


def test_a_wrong_lane_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_carries(m, lanes, tree_stages, name):
        lanes = [type(lane)(lane.activation, lane.nonzero, lane.negative) for lane in lanes]
        term = GENERIC.add_lanes(m, lanes, tree_stages, name)
        return type(term)(term.value, term.carry & 0)

    assert wrong_sums(without_carries, GENERIC, 3, 0, 5)
    assert wrong_sums(rejected.mux, GENERIC, 3, 0, 5) == []


@pytest.mark.parametrize("tree_stages", range(8))
def test_a_chain_of_lanes_makes_no_pipeline_stage_longer_than_a_tree_does(tree_stages: int) -> None:
    for lanes in range(1, 129):
        chain = _chain_lanes(lanes, tree_stages)
        levels = _levels(ceil_div(lanes, chain))
        registers = register_levels(levels, tree_stages, chain - 1)
        assert sum(registers) == tree_stages
        assert not tree_stages or registers[-1]
        stage, longest = chain - 1, 0
        for level, count in enumerate(registers):
            stage += level > 0
            longest = max(longest, stage)
            stage = 0 if count else stage
        assert longest <= ceil_div(_levels(lanes), max(1, tree_stages)), (lanes, chain)


def test_only_the_lanes_differ_and_the_heading_says_so(small: AcceleratorSpec) -> None:
    plain = emit(small)
    assert "CCU2C" not in plain and "LUT6_2" not in plain
    for name, cell in (("ecp5", "CCU2C #("), ("xilinx", "LUT6_2 #(")):
        text = emit(small, FABRICS[name])
        assert cell in text
        assert f"// {FABRICS[name].heading}" in text
        assert text[text.index(f"module {small.name}_decoder") :].split("endmodule")[0] in plain


def test_a_family_without_lanes_of_its_own_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rtl", "emit", "--target", "ice40"]) == 2
    assert capsys.readouterr().err == (
        "bitsim: --target 'ice40': no lanes are written for it; name one of ecp5, xilinx, or leave "
        "it out: plain Verilog is for every target\n"
    )
