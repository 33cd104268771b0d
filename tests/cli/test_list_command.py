"""`bitsim list`: names of models/, and the fields of files."""

import json

from bitsim.cli import main


def test_fields_are_printed_with_type_bounds_unit_and_meaning(capsys):
    assert main(["list", "fields", "accelerator"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "accelerator"
    place = out.index("  memory.latency_ns                  number, 0 to 1000000 ns")
    assert out[place + 1] == "      from a request to its first byte"


def test_fields_keep_their_indent_in_a_narrow_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert main(["list", "fields", "board"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    assert [line for line in lines if not line.startswith("  ")] == ["board"]


def test_fields_of_all_files_are_one_json_document(capsys):
    assert main(["list", "fields", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    files = ["accelerator", "network", "technology", "sweep", "board", "checkpoint"]
    assert list(table) == files
    assert table["network"][2] == {
        "path": "hidden_size",
        "of": "",
        "type": "integer",
        "bounds": "1 to 1048576",
        "required": True,
        "default": None,
        "unit": "",
        "meaning": "width of the residual stream",
    }


def test_a_kind_of_file_is_for_fields_alone(capsys):
    assert main(["list", "boards", "board"]) == 2
    assert capsys.readouterr().err == (
        "bitsim: board: only `list fields` takes a kind of file; leave it out\n"
    )
