"""`bitsim fpga host` against `bitsim fpga simulate`: the Verilog of a whole accelerator on a line.

One addition with its first layer on the board, over a line that damages bytes, is
examples/additions_on_a_board.py.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bitsim.cli import main
from bitsim.fpga.host.run import BoardPort, ask_board
from bitsim.runs.recording import record
from bitsim.spec import catalog
from bitsim.spec.accelerator import AcceleratorSpec
from bitsim.verilated.serial.process import Line, SerialProcess, build_serial_process

ROOT = Path(__file__).resolve().parents[2]
MACHINE = catalog.load_accelerator("dot_2x10_serial")
PROGRAM = "from bitsim.cli import main; raise SystemExit(main())"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A network of 15,360 weights, synthetic."""
    text = catalog.find("networks", "small").read_text()
    text = text.replace("hidden_size = 128", "hidden_size = 32")
    path = tmp_path_factory.mktemp("network") / "tiny.toml"
    path.write_text(text.replace("intermediate_size = 384", "intermediate_size = 48"))
    return str(path)


@contextmanager
def simulated(work: Path, stop: signal.Signals) -> Iterator[tuple[str, list[str]]]:
    """The command's terminal, and once it has ended what it said."""
    build_serial_process(MACHINE, work)
    command = [sys.executable, "-c", PROGRAM, "fpga", "simulate", "--json", "--work", str(work)]
    # A shell's background job ignores Ctrl-C, and its children with it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(command, text=True, **pipes)
    finally:
        signal.signal(signal.SIGINT, before)
    said: list[str] = []
    try:
        assert process.stdout is not None
        table = json.loads(process.stdout.readline())
        assert (table["accelerator"], table["baud"]) == (MACHINE.name, 1_000_000)
        yield table["port"], said
    finally:
        process.send_signal(stop)
        out, error = process.communicate(timeout=60)
        said += [out, error]
    assert process.returncode == 0, error


def test_a_trace_is_replayed_by_the_two_commands(
    bench_work: Path, tiny: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "tiny.trace"
    record(tiny, "seven", 2, 0, trace, "test", say=lambda text: None)
    words = ["fpga", "host", "--accelerator", MACHINE.name, "--trace", str(trace), "--json"]
    with simulated(bench_work, signal.SIGTERM) as (port, said):
        assert main([*words, "--port", port, "--work", str(tmp_path / "work")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["agrees"], found["events"], found["lists"]) == (True, 16, 1)
    assert (found["value_mismatches"], found["counter_mismatches"]) == (0, 0)
    assert found["products"] == 6 * 15_360
    assert found["counters"]["list_cycles"] > found["counters"]["array_busy"] > 0
    out, error = said
    assert out == ""
    passed = re.search(r"(\d+) bytes received, (\d+) sent, 0 damaged", error)
    assert passed is not None
    assert int(passed[1]) + int(passed[2]) == found["line_bytes"]


def test_ctrl_c_ends_a_simulated_board(bench_work: Path) -> None:
    with simulated(bench_work, signal.SIGINT) as (port, said):
        assert port.startswith("/dev/")
    assert "0 bytes received, 0 sent" in said[1]


def test_a_memory_that_holds_no_product_as_a_whole_gets_it_in_row_tiles(
    bench_work: Path, tiny: str, tmp_path: Path
) -> None:
    program = build_serial_process(MACHINE, bench_work)
    with SerialProcess(program, MACHINE, Line(damage=1e-4, seed=2)) as board:
        port = BoardPort(MACHINE, board.path, memory_bytes=600, answer_s=0.5)
        found = ask_board(port, tiny, ["ab", "c"], 1, tmp_path)
        passed = board.stop()
    assert found.tally.differences == []
    assert found.tally.lists > 2 * found.tally.events
    assert passed.damaged_bytes > 0
    assert found.repeats > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--accelerator", "dot_16x40_axi"], 'no [host] of kind "serial"'),
        (["--accelerator", "dot_16x40"], 'no [host] of kind "serial"'),
        (["--accelerator", "none"], "none"),
        (["--skew", "0.5"], "skew = 0.5: must be from -0.2 to 0.2"),
        (["--skew", "nan"], "skew = nan: must be from -0.2 to 0.2"),
        (["--damage", "-1"], "damage = -1.0: must be from 0 to 0.2"),
        (["--damage", "much"], "'much' must be a number"),
    ],
)
def test_a_board_that_cannot_be_is_refused_before_anything_is_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["fpga", "simulate", "--work", str(tmp_path / "work"), *words]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.glob("work/*")) == []


def on_a_small_memory(machine: AcceleratorSpec) -> AcceleratorSpec:
    return machine.changed({"name": "small_memory", "host.memory_bytes": 65_536})


@pytest.mark.full
def test_eight_additions_with_all_layers_on_the_board(tmp_path: Path, bench_work: Path) -> None:
    (tmp_path / "build").symlink_to(bench_work.parent)
    script = ROOT / "examples" / "additions_on_a_board.py"
    ran = subprocess.run(
        [sys.executable, script, "8", "3"], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert "8 of 8 right" in ran.stdout
    assert re.search(r"sums that differ +0\n", ran.stdout)


@pytest.mark.full
def test_an_addition_with_weights_that_do_not_fit_on_the_board(
    tmp_path: Path, bench_work: Path
) -> None:
    machine = on_a_small_memory(MACHINE)
    program = build_serial_process(machine, bench_work)
    with SerialProcess(program, machine) as board:
        found = ask_board(BoardPort(machine, board.path), "addition", ["7+8="], 8, tmp_path)
    assert found.tally.differences == []
    assert [answer.text for answer in found.answers] == ["15"]
    assert found.tally.lists > found.tally.events
