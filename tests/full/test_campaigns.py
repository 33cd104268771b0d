"""What else takes long and was run by hand: campaigns, judges, a comparison with another tool."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bitsim.cli import main
from bitsim.synthesis import sta
from tests.mutation.top_campaign import MACHINES, MUTANTS, block_of, campaign, explanation
from tests.synthesis import opensta_power
from tests.synthesis.tiny_liberty import tiny_library

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "rtl"
PARTS = 4

pytestmark = pytest.mark.full


@pytest.mark.parametrize("part", range(PARTS))
def test_every_mutant_around_the_array_is_killed_or_explained(part: int) -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    fates = campaign(MUTANTS, BUILD, part, PARTS)
    assert len(fates) == MUTANTS // PARTS
    machines = list(MACHINES.values())
    left = [
        str(fate.mutant)
        for fate in fates
        if not fate.killed_by
        and not explanation(block_of(fate.mutant.module), fate.mutant, *machines[fate.machine])
    ]
    assert left == []


@pytest.mark.parametrize("accelerator", ["dot_16x40", "dot_16x40_head"])
def test_the_held_out_additions_are_answered_alike_in_the_array(accelerator: str) -> None:
    script = ROOT / "examples" / "judge_in_the_array.py"
    command = [sys.executable, script, "4096", accelerator]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert told[0] == "reference  4096 of 4096 right"
    assert told[1].startswith("array      4096 of 4096 right; ")
    assert told[1].endswith(" 0 differ")


@pytest.mark.skipif(sta.sta_program() is None, reason="OpenSTA is not installed")
def test_power_of_a_column_is_that_of_opensta(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    library, made = tmp_path / "tiny.lib", tmp_path / "column"
    library.write_text(tiny_library())
    synth = ["rtl", "synth", "--accelerator", "dot_2x8_hx8k", "--block", "column"]
    assert main([*synth, "--liberty", str(library), "--out", str(made)]) == 0
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["opensta_power", str(made), "--liberty", str(library)])
    opensta_power.main()
    assert capsys.readouterr().out.splitlines() == [
        f"{group}: internal 1.0000, switching 1.0000 of OpenSTA's"
        for group in ("Sequential", "Combinational")
    ]
