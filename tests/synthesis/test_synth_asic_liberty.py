"""Liberty files: what is read of them, and which of their cells a block is made of."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from bitsim.cli import main
from bitsim.errors import BitsimError
from bitsim.synthesis import tools
from bitsim.synthesis.liberty.boolean import holds, parse
from bitsim.synthesis.liberty.cell import read_cells
from bitsim.synthesis.liberty.group import read_body
from bitsim.synthesis.liberty.library import read_library
from bitsim.synthesis.liberty.ram_macros import Ram, read_ram, smallest_bank
from bitsim.synthesis.liberty.table import Axes, read_table
from tests.synthesis.tiny_liberty import CELLS, tiny_library

RAM = """
library (ram) {
  cell (RAM_256x64) { area : 90000; memory () { type : ram; address_width : 8; word_width : 64; }
    pin (CLK) { direction : input; clock : true; } }
  cell (RAM_64x64) { area : 50000; memory () { type : ram; address_width : 6; word_width : 64; } }
}
"""


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("!A", lambda a, b, c: not a),
        ("A'", lambda a, b, c: not a),
        ("(A B)'", lambda a, b, c: not (a and b)),
        ("A B + C", lambda a, b, c: (a and b) or c),
        ("A+B*C", lambda a, b, c: a or (b and c)),
        ("A | B & C", lambda a, b, c: a or (b and c)),
        ("A ^ B C", lambda a, b, c: (a != b) and c),
        ("!A B", lambda a, b, c: not a and b),
        ("!(A^!B)+(C 1)", lambda a, b, c: (a != b) or c),
        ("(A*B)+(A*C)+(B*C)", lambda a, b, c: a + b + c > 1),
        ("0", lambda a, b, c: False),
    ],
)
def test_functions_mean_what_liberty_says(text: str, meaning: object) -> None:
    expression = parse(text)
    for values in product((False, True), repeat=3):
        found = holds(expression, dict(zip("ABC", values, strict=True)))
        assert found == bool(meaning(*values)), (text, values)  # type: ignore[operator]


@pytest.mark.parametrize("text", ["", "A +", "(A", "A)", "A & & B", "A $ B", "'A"])
def test_a_function_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(BitsimError, match="cannot be read"):
        parse(text)


def test_groups_are_read_however_they_are_written() -> None:
    group = read_body(
        'area : 1.5; name : "a b; }" ; forgotten : 7\n units (1, "pf"); index_1 ("1, 2, \\\n 3")\n'
        'pin ("A") { direction:input ; } pin(B,C){ timing () { related_pin : "A" ; } }\n'
        "} after : 1;",
        "cell",
        ("x",),
    )
    assert group.simple == {"area": "1.5", "name": "a b; }", "forgotten": "7"}
    assert group.complex["units"] == [("1", "pf")]
    assert group.complex["index_1"][0][0].replace("\\\n", " ").split(",")[2].strip() == "3"
    assert [pin.arguments for pin in group.of("pin")] == [("A",), ("B", "C")]
    assert next(next(iter(group.groups[1].of("timing"))).of("x"), None) is None
    assert group.groups[1].groups[0].simple == {"related_pin": "A"}


def table_of(text: str) -> object:
    templates = {
        "loads_first": read_body(
            'variable_1 : total_output_net_capacitance; variable_2 : input_transition_time; }',
            "lu_table_template", ("loads_first",),
        )
    }  # fmt: skip
    return read_table(read_body(text, "x", ()), "rise_power", Axes(templates, 1000.0, 10.0), 2.0)


@pytest.mark.parametrize(
    "text",
    [
        'rise_power (t) { index_1 ("0, 1"); index_2 ("0, 2, 4"); values ("1, 2, 3", "5, 6, 7"); }',
        'rise_power (loads_first) { index_1 ("0, 2, 4"); index_2 ("0, 1"); '
        'values ("1, 5", "2, 6", "3, 7"); }',
    ],
)
def test_a_table_goes_in_straight_lines_between_and_beyond(text: str) -> None:
    table = table_of(text + "}")
    assert table is not None
    # At x ns and y units of 10 fF it is 2 (1 + 4 x + y / 2).
    transitions = np.array([0.0, 500.0, 1000.0, 1500.0, -250.0])
    loads = np.array([0.0, 20.0, 30.0, 60.0, 10.0])
    found = table.at(transitions, loads)  # type: ignore[attr-defined]
    assert found == pytest.approx(2 * (1 + 4 * transitions / 1000 + loads / 20))


def test_tables_of_one_value_and_of_none() -> None:
    one = table_of('rise_power (scalar) { values ("3"); } }')
    assert one.at(np.array([1.0, 2.0]), np.array([3.0, 4.0])).tolist() == [6.0, 6.0]  # type: ignore
    assert table_of("fall_power (scalar) { } }") is None
    for broken, told in (
        ('index_1 ("0, 1"); values ("1, 2, 3");', "3 values for 2 transitions"),
        ('index_1 ("1, 0"); values ("1, 2");', "do not rise"),
        ('index_1 ("0, x"); values ("1, 2");', "'x' is not a number"),
    ):
        with pytest.raises(BitsimError, match=told):
            table_of(f"rise_power (t) {{ {broken} }} }}")


def test_a_cell_is_read_with_its_units() -> None:
    text = tiny_library().replace('"1ps"', '"1ns"').replace("(1, ff)", '(0.5, "pf")')
    cell = read_cells([text], ["NAND"])["NAND"]
    assert cell.pins["A"].capacitance_ff == 2.0 * 500
    entry = cell.pins["Y"].energies[0]
    assert entry.related == "A" and entry.rise is not None
    assert entry.rise.transitions.tolist() == [0.0, 100_000.0]
    assert entry.rise.at(np.array([0.0]), np.array([50_000.0]))[0] == (2.0 + 10.0) * 500
    for was, becomes in (('"1ns"', '"1fs"'), ('"pf"', '"uf"'), ('"1nW"', '"1kW"')):
        with pytest.raises(BitsimError, match="is none of"):
            read_cells([text.replace(was, becomes)], ["NAND"])
    with pytest.raises(BitsimError, match="no nom_voltage"):
        read_cells([text.replace("nom_voltage : 1.0;", "").replace("voltage : 1.0", "")], ["NAND"])


def library(folder: Path, *texts: str) -> list[Path]:
    paths = []
    for index, text in enumerate(texts):
        paths.append(folder / f"{index}.lib")
        paths[-1].write_text(text)
    return paths


def test_the_flip_flop_in_which_a_bit_is_smallest_is_taken(tmp_path: Path) -> None:
    found = read_library(library(tmp_path, tiny_library()))
    assert found.avoided == ("FLOPE",)
    inverted = CELLS["FLOP"].replace('function : "IQ"', 'function : "IQN"')
    for area, kept in ((5.9, "FLOPN"), (6.1, "FLOP")):  # an inverter has 1
        flopn = inverted.replace("(FLOP)", "(FLOPN)").replace("area : 7.0", f"area : {area}")
        cells = {**CELLS, "FLOPN": flopn}
        found = read_library(library(tmp_path, tiny_library(cells=cells)))
        assert {"FLOP", "FLOPN", "FLOPE"} - set(found.avoided) == {kept}
    only = read_library(library(tmp_path, tiny_library("FLOP")))
    assert only.avoided == ()  # none is plain: yosys chooses


def test_cells_that_are_no_gates_are_left_out(tmp_path: Path) -> None:
    level = (
        CELLS["INV"].replace("(INV)", "(LEVEL)").replace("area", "is_level_shifter : true; area")
    )
    found = read_library(library(tmp_path, tiny_library(cells={**CELLS, "LEVEL": level})))
    assert "LEVEL" in found.avoided
    assert found.clock_gate is not None
    assert (found.clock_gate.cell, found.clock_gate.enable, found.clock_gate.test) == (
        "GATE", "E", None,
    )  # fmt: skip
    assert read_library(library(tmp_path, tiny_library("GATE"))).clock_gate is None


def test_rams_are_counted_by_capacity_and_are_no_cells(tmp_path: Path) -> None:
    found = read_library(library(tmp_path, tiny_library(), RAM))
    assert len(found.texts) == 1
    assert set(found.areas).isdisjoint({"RAM_256x64", "RAM_64x64"})
    assert [ram.words for ram in found.rams] == [256, 64]
    bank = smallest_bank(found.rams, 1024, 320)
    assert bank is not None
    assert (bank.ram.cell, bank.count, bank.area_um2) == ("RAM_256x64", 4 * 5, 20 * 90000.0)
    small = smallest_bank(found.rams, 60, 65)
    assert small is not None and (small.ram.cell, small.count) == ("RAM_64x64", 2)
    assert smallest_bank((), 4, 4) is None
    assert read_ram("x", "area : 1;", 1.0) is None
    with pytest.raises(BitsimError, match="no flip-flop"):
        read_library(library(tmp_path, RAM))
    assert Ram("a", 1, 1, 1.0) != Ram("b", 1, 1, 1.0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--target", "ecp5", "--power"], "--power belongs to --liberty"),
        (["--target", "ecp5", "--activity", "x"], "--activity belongs to --liberty"),
        (["--target", "ecp5", "--clock-gating"], "--clock-gating belongs to --liberty"),
        (["--block", "accelerator", "--power"], "name --block array or --block column"),
        (["--block", "column", "--activity", "none.trace"], "none.trace"),
        (["--block", "column", "--clock-gating"], "no clock gate"),
    ],
)
def test_what_cannot_be_replayed_is_refused_before_a_tool_runs(
    arguments: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(*_: object) -> None:
        raise AssertionError("a tool was started")

    monkeypatch.setattr(tools, "_run", run)
    if "--target" not in arguments:
        arguments = [*arguments, "--liberty", *map(str, library(tmp_path, tiny_library("GATE")))]
    assert main(["rtl", "synth", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert told in captured.err
