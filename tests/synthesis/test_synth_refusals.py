"""`bitsim rtl synth` refuses what it cannot use in one line, before any tool runs."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from bitsim.cli import main
from bitsim.synthesis import tools

INVERTER = (
    "cell (INV) { area : 1; pin (A) { direction : input; capacitance : 1; } "
    'pin (Y) { direction : output; function : "!A"; } }'
)
FLOP = 'cell (F) { area : 7; ff (IQ, IQN) { clocked_on : "C"; next_state : "D"; } }'

BROKEN = {
    "library (x) {": "closing braces",
    "hello": "name a Liberty file",
    "library (x) { }": "no cell in it",
    f"library (x) {{ {INVERTER} }}": "no flip-flop",
    f"library (x) {{ {FLOP} }}": "no inverter",
    f"library (x) {{ {FLOP} {INVERTER} }}": "no buffer",
    f"library (x) {{ {FLOP.replace('F)', 'a;b)')} }}": "not a plain name",
    f"library (x) {{ {FLOP.replace('7', '-7')} }}": "not an area",
    f"library (x) {{ {FLOP.replace('7', 'nan')} }}": "not an area",
}


@pytest.fixture(autouse=True)
def _no_tool_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object) -> None:
        raise AssertionError("a tool was started")

    monkeypatch.setattr(tools, "_run", run)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["rtl", "synth", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    return captured.err


@pytest.mark.parametrize("text", list(BROKEN))
def test_a_liberty_file_that_is_none(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.lib"
    path.write_text(text)
    told = refusal(capsys, "--liberty", str(path))
    assert BROKEN[text] in told
    assert "x.lib" in told


def test_a_liberty_file_that_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "No such file" in refusal(capsys, "--liberty", str(tmp_path / "none.lib"))
    assert "cannot be read" in refusal(capsys, "--liberty", str(tmp_path))
    cut = tmp_path / "cut.lib.gz"
    cut.write_bytes(gzip.compress(b"library (x) { }" * 1000)[:40])
    assert "cannot be read" in refusal(capsys, "--liberty", str(cut))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--target", "max10"], "ecp5, ice40, gowin, xilinx"),
        (["--target", "ecp5", "--part", "HX8K"], "not a part of ecp5"),
        (["--target", "xilinx", "--place"], "no nextpnr for xilinx"),
        (["--target", "ecp5", "--clock-ns", "2"], "--clock-ns belongs to --liberty"),
        (["--liberty", "x.lib", "--place"], "belong to --target"),
        (["--target", "ecp5", "--accelerator", "none"], "none"),
        (["--target", "ecp5", "--block", "lane"], "no 'lane'; one of: accelerator,"),
        (["--liberty", "x.lib", "--clock-ns", "-1"], "must be a period"),
        ([], "required"),
    ],
)
def test_options_that_do_not_fit(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told in refusal(capsys, *arguments)


def test_a_missing_tool_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tools.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "/nowhere")
    told = refusal(capsys, "--target", "ecp5")
    assert "yosys: not found; `make setup-test` or pip install '.[synth]'" in told
