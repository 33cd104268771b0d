"""What is read of OpenSTA's report, also where OpenSTA is not installed.

The report is what OpenSTA 2.0.17 printed for the netlist of test_synth_asic_by_hand.py, where the
program itself is run if it is there. Here a program of its name prints it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bitsim.errors import BitsimError
from bitsim.synthesis import sta

REPORT = """\
Startpoint: first[3]$_DFF_P_ (rising edge-triggered flip-flop clocked by clk)
Endpoint: second$_DFFE_PP_ (rising edge-triggered flip-flop clocked by clk)
Path Group: clk
Path Type: max

     Delay       Time   Description
---------------------------------------------------------------
   0.00000    0.00000 ^ first[3]$_DFF_P_/C (FLOP)
   0.01200    0.01200 v first[3]$_DFF_P_/Q (FLOP)
   0.01200    0.02400 ^ i/Y (INV)
              0.02400   data arrival time

  -0.00500    0.49500   library setup time
              0.49500   data required time
---------------------------------------------------------------
              0.49500   data required time
             -0.02400   data arrival time
---------------------------------------------------------------
              0.47100   slack (MET)
"""


def analyse(folder: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> sta.Timing | sta.NoTiming:
    program = folder / "sta"
    program.write_text(f"#!/bin/sh\nwhile read line; do echo \"$line\"; done <<'END'\n{said}END\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return sta.analyse("top", ["tiny.lib"], 0.5, folder, lambda _: None)


def test_the_slowest_path_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = analyse(tmp_path, monkeypatch, REPORT)
    assert found == sta.Timing("first[3]", "second", 0.024, 0.471, pytest.approx(1000 / 0.029))
    assert "create_clock -name clk -period 0.500000" in (tmp_path / sta.SCRIPT).read_text()


def test_a_path_that_is_too_slow_has_negative_slack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = REPORT.replace("0.47100   slack (MET)", "-0.12500   slack (VIOLATED)")
    found = analyse(tmp_path, monkeypatch, late)
    assert isinstance(found, sta.Timing)
    assert (found.slack_ns, found.fmax_mhz) == (-0.125, 1000 / 0.625)


def test_an_error_of_opensta_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BitsimError, match=r"^sta: no path in what it says: Error: tiny\.lib"):
        analyse(tmp_path, monkeypatch, "OpenSTA 2.0.17\nError: tiny.lib line 3, syntax error\n")
