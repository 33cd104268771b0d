"""The project for a Kria KV260, as far as it can be looked at without Vivado.

Its Tcl runs in a real Tcl interpreter, whose Vivado commands are a model of block designs
(`tests/rtl/vivado_*.py`). Vivado itself has seen none of it.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from bitsim.cli import main
from bitsim.gateware.emit.vivado import FIXED, settings, vivado_files, vivado_folder, wrapper
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.spec.catalog import find, load_accelerator
from bitsim.verilated.verilator import verilator_command
from tests.rtl.test_lint import WAIVED
from tests.rtl.vivado_cells import Module, VivadoError

pytest.importorskip(
    "tkinter", reason="no Tcl interpreter in this Python: apt-get install python3-tk"
)
from tests.rtl.vivado_commands import Vivado

MACHINE = "dot_1x80_kv260"
DONE = {"PROGRESS": "100%", "STATS.WNS": "0.031"}
SMALL = {
    "array.columns": 4, "array.lanes": 5, "bus.weight_ports": 2, "bus.data_bits": 64,
    "array.activation_buffer_beats": 16, "array.max_k": 20, "name": "little",
    "bus.results": None,
}  # fmt: skip


def machine(**changes: object) -> AcceleratorSpec:
    return load_accelerator("dot_16x40_axi").changed(SMALL | changes)


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the machine that is meant for the board, with fewer lanes: they are what costs."""
    folder = tmp_path_factory.mktemp("kit")
    text = find("accelerators", MACHINE).read_text()
    for large, little in (("lanes = 80", "lanes = 5"), ("max_k = 8190", "max_k = 600")):
        assert large in text
        text = text.replace(large, little)
    (folder / "little.toml").write_text(text)
    argv = ["rtl", "emit", "--accelerator", str(folder / "little.toml")]
    assert main([*argv, "--vivado", str(folder / "kit")]) == 0
    return folder / "kit"


def placed(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def kit_of(spec: AcceleratorSpec, engines: int, folder: Path) -> Path:
    """The same without the accelerator's own Verilog, at which no script looks."""
    files = {name: (vivado_folder() / name).read_text() for name in FIXED}
    files |= {"machine.tcl": settings(spec, engines), f"{spec.name}.v": ""}
    return placed(folder, files | {f"{spec.name}_ip.v": wrapper(spec)})


def made(folder: Path, *arguments: str, runs: dict[str, str] = DONE) -> Vivado:
    vivado = Vivado(runs)
    vivado.source(folder / "build.tcl", *arguments)
    return vivado


def test_four_engines_each_have_their_own_port_and_the_design_is_sound(kit: Path) -> None:
    vivado = made(kit)
    design = vivado.design
    assert design.validated
    assert sum(cell.module is not None for cell in design.cells.values()) == 4
    for n in range(4):
        behind = {space for space in design.spaces() if design.slave_segments(space).keys()
                  & {f"ps/SAXIGP{n + 2}/HP{n}_DDR_LOW"}}  # fmt: skip
        ports = ("weights_0", "activations", "results")
        assert behind == {f"engine_{n}/m_axi_{port}" for port in ports}
        assert design.pin(f"interrupts/In{n}").net == f"engine_{n}/irq"
    registers = {each.slave: each.offset for each in design.segments if each.space == "ps/Data"}
    assert registers == {f"engine_{n}/s_axi/reg0": 0xA0000000 + 0x1000 * n for n in range(4)}
    assert len(design.segments) == 4 + 4 * 3 * 2
    assert design.pin("engine_3/aclk").net == "ps/pl_clk0"
    assert design.pin("engine_3/aresetn").net == "reset/peripheral_aresetn"
    assert design.cell("ps").settings["PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ"] == 200
    assert vivado.written == ["kv260/utilization.txt", "kv260/timing.txt", "kv260/kv260.xsa"]


def test_the_step_design_stops_before_synthesis_and_no_other_is_known(kit: Path) -> None:
    vivado = made(kit, "design")
    assert vivado.design.validated
    assert not vivado.launched
    with pytest.raises(VivadoError, match="'bitstream' is no step"):
        made(kit, "bitstream")


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ({"PROGRESS": "46%", "STATS.WNS": "0"}, "did not finish"),
        ({"PROGRESS": "100%", "STATS.WNS": "-0.2"}, "misses 200 MHz by -0.2 ns"),
    ],
)
def test_a_run_that_fails_or_misses_its_clock_writes_no_platform(
    kit: Path, runs: dict[str, str], said: str
) -> None:
    with pytest.raises(VivadoError, match=said):
        made(kit, runs=runs)


@pytest.mark.parametrize("engines", [1, 2, 3, 5, 8])
def test_any_number_of_engines_shares_the_ports(tmp_path: Path, engines: int) -> None:
    """Two weight streams each; 5 engines have 10 streams, 3 of them on ports 0 and 1."""
    design = made(kit_of(machine(), engines, tmp_path), "design").design
    ports = min(4, 2 * engines)
    for port in range(ports):
        masters = design.cell(f"memory_{port}").settings["NUM_SI"]
        streams = len(range(port, 2 * engines, ports))
        assert masters == streams + 2 * len(range(port, engines, ports))
    assert design.cell("interrupts").settings["NUM_PORTS"] == engines


def test_masters_of_32_address_bits_see_the_lower_memory_alone(tmp_path: Path) -> None:
    spec = machine(**{"bus.address_bits": 32})
    design = made(kit_of(spec, 2, tmp_path), "design").design
    assert {each.slave[-4:] for each in design.segments} == {"reg0", "_LOW"}


BROKEN = [
    ("clocked engine_$engine aclk aresetn", "", "control/M00_AXI changes its clock"),
    ("connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_pins $cell/$reset]", "",
     "control/aresetn has no driver"),
    ("connect_bd_net [get_bd_pins ps/pl_resetn0] [get_bd_pins reset/ext_reset_in]", "",
     "reset/ext_reset_in has no driver"),
    ("get_bd_pins ps/saxihp${port}_fpd_aclk", "get_bd_pins ps/saxihp${port}_aclk", "no pin"),
    ("reset/peripheral_aresetn", "reset/peripheral_resetn", "no pin reset/peripheral_resetn"),
    ("xilinx.com:ip:xlconcat", "xilinx.com:ip:concat", "not modelled"),
    ("CONFIG.NUM_PORTS $engines", "CONFIG.NUM_PORTS 2", "no pin interrupts/In2"),
    ("CONFIG.NUM_PORTS $engines", "CONFIG.NUM_PORTS 5", "interrupts/In4 has no driver"),
    ("CONFIG.NUM_PORTS $engines", "CONFIG.NUM_PORTS 9", "9 bits"),
    ("CONFIG.PSU__USE__M_AXI_GP1 0", "CONFIG.PSU__USE__M_AXI_GP1 1", "M_AXI_HPM1_FPD|maxihpm1"),
    ("CONFIG.PSU__USE__IRQ0 1", "CONFIG.PSU__USE__IRQ 1", "no setting"),
    ("[expr {0xA0000000 + $engine * $window_bytes}]", "0xA0000000", "meet"),
    ("0xA0000000 +", "0x90000000 +", "not behind M_AXI_HPM0_FPD"),
    ("-offset 0x800000000", "-offset 0x80000000", "is not at"),
    ("foreach rest {LPS_OCM QSPI}", "foreach rest {QSPI}", "no address for"),
    ("[llength $masters($port)] 1", "9 1", "S03_AXI is not connected"),
    ("interface $engine M", "interface $engine S", "no interface control/S01|both slaves"),
    ("set name [expr {$port + 2}]", "set name [expr {$port + 1}]", "no setting"),
    ("incr index", "", "connected already"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "instead", "said"), BROKEN)
def test_what_would_be_wrong_in_the_script_is_seen(
    kit: Path, tmp_path: Path, text: str, instead: str, said: str
) -> None:
    files = {path.name: path.read_text() for path in kit.iterdir()}
    assert text in files["block_design.tcl"]
    files["block_design.tcl"] = files["block_design.tcl"].replace(text, instead)
    with pytest.raises(VivadoError, match=said):
        made(placed(tmp_path, files), "design")


def test_the_constraints_are_properties_of_the_bitstream_alone(kit: Path) -> None:
    vivado = Vivado(DONE)
    vivado.source(kit / "kv260.xdc")
    assert all(name.startswith("BITSTREAM.") for _, name in vivado.properties)
    assert len(vivado.properties) == 2


def test_the_wrapper_has_every_interface_and_passes_the_lint(kit: Path) -> None:
    module = Module(wrapper(machine()))
    ports = ("s_axi", "m_axi_weights_0", "m_axi_weights_1", "m_axi_activations", "m_axi_results")
    assert [each.name for each in module.interfaces] == list(ports)
    assert [each.master for each in module.interfaces] == [False, True, True, True, True]
    command, environment = verilator_command()
    top = f"{MACHINE}_ip"
    ran = subprocess.run(
        [*command, "--lint-only", "-Wall", "-Wno-fatal", "--top-module", top, f"{top}.v",
         f"{MACHINE}.v"],
        env=environment, cwd=kit, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    found = re.findall(r"^%(?:Warning|Error)-?(\w*): (\S+?):", ran.stderr, re.MULTILINE)
    assert {kind for kind, _ in found} <= set(WAIVED)
    assert {kind for kind, path in found if path == f"{top}.v"} == set()


def test_the_kit_is_whole_and_its_hand_written_files_are_those_of_the_repository(kit: Path) -> None:
    names = {*FIXED, "machine.tcl", "registers.h", f"{MACHINE}.v", f"{MACHINE}_ip.v"}
    assert {path.name for path in kit.iterdir()} == names
    for name in FIXED:
        assert (kit / name).read_bytes() == (vivado_folder() / name).read_bytes()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--accelerator", "dot_16x40"], "dot_16x40 has no registers behind AXI4-Lite"),
        (["--accelerator", MACHINE, "--engines", "9"], "--engines 9: at most 8"),
    ],
)
def test_what_cannot_be_built_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str], said: str
) -> None:
    folder = tmp_path / "kit"
    assert main(["rtl", "emit", *argv, "--vivado", str(folder)]) == 2
    caught = capsys.readouterr()
    assert caught.err.count("\n") == 1
    assert said in caught.err
    assert not folder.exists()


def test_engines_without_a_board_and_ports_without_end_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["rtl", "emit", "--accelerator", MACHINE, "--engines", "2"]) == 2
    assert "add --vivado DIR" in capsys.readouterr().err
    many = machine(**{"array.columns": 8, "bus.weight_ports": 8})
    with pytest.raises(Exception, match="20 masters would share"):
        vivado_files(many, 8)
