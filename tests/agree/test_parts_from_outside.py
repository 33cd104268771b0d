"""A dataflow and a memory that bitsim does not know, through every reading of a machine.

They are files of `tests/agree/parts` and two calls that register them. Nothing else of bitsim
knows of them.
"""

import json

import pytest

from bitsim.agreement.check import check_random_machines
from bitsim.cli import main
from bitsim.errors import BitsimError
from bitsim.spec.array.registry import DATAFLOWS
from bitsim.spec.catalog import load_accelerator
from bitsim.spec.memory.registry import MEMORIES
from tests.agree.parts.direct import DIRECT
from tests.agree.parts.direct_spec import DirectSpec
from tests.agree.parts.slots import SLOTS

MACHINE = """
name = "from_outside"
clock_mhz = 1000.0
technology = "7nm"

[array]
dataflow = "direct"
places = 7
longest = 4096

[memory]
kind = "slots"
dram = "ddr4"
bytes_per_cycle = 6
slot_cycles = 32

[dma]
weight_tile_bytes = 256
activation_tile_bytes = 256
result_tile_bytes = 256

[units.vector]
multiplies_per_cycle = 64
adds_per_cycle = 64
setup_cycles = 8
arithmetic = "bf16"
inside = true

[work]
embedding = "vector"
norm = "vector"
quantize = "vector"
rope = "vector"
attention = "vector"
activation = "vector"
residual = "vector"
head = "vector"
"""


@pytest.fixture
def machine(tmp_path):
    path = tmp_path / "from_outside.toml"
    path.write_text(MACHINE)
    with DATAFLOWS.with_entry(DIRECT), MEMORIES.with_entry(SLOTS):
        yield str(path)


def test_the_file_is_read_and_its_faults_are_named(machine, tmp_path):
    assert isinstance(load_accelerator(machine).array, DirectSpec)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(MACHINE.replace("places = 7", "places = 17\nlanes = 2"))
    with pytest.raises(BitsimError) as error:
        load_accelerator(str(wrong))
    assert "array.places = 17: Input should be less than or equal to 16" in str(error.value)
    assert "array.lanes: unknown field; did you mean 'places'?" in str(error.value)


def test_without_its_entry_the_dataflow_is_not_known(tmp_path):
    path = tmp_path / "from_outside.toml"
    path.write_text(MACHINE)
    with MEMORIES.with_entry(SLOTS), pytest.raises(BitsimError, match="dataflow = 'direct': Input"):
        load_accelerator(str(path))
    with DATAFLOWS.with_entry(DIRECT), pytest.raises(BitsimError, match="kind = 'slots': Input"):
        load_accelerator(str(path))


def test_its_fields_are_listed(machine, capsys):
    assert main(["list", "fields", "accelerator"]) == 0
    said = capsys.readouterr().out
    assert "array.places" in said
    assert "memory.slot_cycles" in said


def test_it_computes_and_is_simulated_priced_and_drawn(machine, tmp_path, capsys):
    out = tmp_path / "out"
    argv = ["run", "--accelerator", machine, "--prompt", "7+8=", "--out", str(out), "--json"]
    assert main(argv) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["text"] == "15"
    assert table["sums_compared"] > 0
    assert table["mismatches"] == 0
    assert table["energy_j"]["direct adders"] > 0
    assert table["area_mm2"]["direct adders"] > 0
    page = (out / "report.html").read_text()
    assert "One column, nothing held" in page
    assert "32.0 cycle slots" in page


def test_timing_alone_finds_the_cycles_of_a_pass(machine, capsys):
    argv = [
        "simulate",
        "--accelerator",
        machine,
        "--network",
        "addition",
        "--context",
        "8",
        "--json",
    ]
    assert main(argv) == 0
    table = json.loads(capsys.readouterr().out)
    least = sum(phase["n"] * phase["m"] * -(-phase["k"] // 7) for phase in table["phases"])
    assert sum(phase["busy"] for phase in table["phases"]) == least
    assert table["cycles"] > 2 * least  # a register holds a beat or takes one


def test_its_verilog_is_emitted(machine, tmp_path):
    out = tmp_path / "from_outside.v"
    assert main(["rtl", "emit", "--accelerator", machine, "--out", str(out)]) == 0
    assert "module from_outside(" in out.read_text()


def test_its_verilog_agrees_with_its_cycles_and_numpy(machine, tmp_path, capsys):
    work = str(tmp_path / "work")
    argv = ["rtl", "check", "--accelerator", machine, "--seed", "3", "--work", work, "--json"]
    assert main(argv) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["agrees"]
    assert table["phases"] == 12


def test_random_machines_take_turns_with_the_other_dataflows(machine, tmp_path):
    told = []
    result = check_random_machines(2, 1, tmp_path, told.append)
    assert result.agrees, result.text()
    assert result.agreement.cases == 2
