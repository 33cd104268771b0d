"""No line is wider than the terminal, and nothing is cut; without a terminal text is as it is."""

import ast
import json
import subprocess
import sys

import pytest

from bitsim.cli import COMMANDS, main
from bitsim.columns import aligned, wrapped
from bitsim.spec import base, catalog
from tests.cli.terminal import BITSIM, REPOSITORY, environment, on_terminal

TEXTS = [
    ["list"],
    ["list", "fields", "accelerator"],
    ["doctor"],
    ["simulate", "--network", "addition", "--context", "9"],
    ["run", "--help"],
]


def words(text):
    return "".join(text.split())


@pytest.mark.parametrize("argv", TEXTS, ids=" ".join)
@pytest.mark.parametrize("columns", [60, 120])
def test_text_is_as_wide_as_columns_say(argv, columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(argv) in (0, 2)  # doctor: something may be missing
    narrow = capsys.readouterr().out
    assert max(map(len, narrow.splitlines())) <= columns
    monkeypatch.setenv("COLUMNS", "1000")
    main(argv)
    wide = capsys.readouterr().out
    if argv[0] == "list":
        assert sorted(words(narrow)) == sorted(words(wide))


@pytest.mark.parametrize("columns", [60, 120])
def test_text_follows_the_terminal(columns):
    written, status = on_terminal([*BITSIM, "list"], columns, REPOSITORY)
    assert status == 0
    assert max(len(line) for line in written.splitlines()) in range(columns - 9, columns + 1)
    asked, _ = on_terminal([*BITSIM, "list"], columns, REPOSITORY, COLUMNS="80")
    assert max(len(line) for line in asked.splitlines()) in range(71, 81)
    assert "\x1b" not in written


def test_without_a_terminal_each_entry_is_a_line():
    command = [*BITSIM, "list", "networks"]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment(), capture_output=True, text=True
    )
    assert len(done.stdout.splitlines()) == 1 + len(catalog.names("networks"))


def test_numbers_stay_whole_and_columns_go_below():
    rows = [("module", "cells", "area"), ("a_long_name", "12345", "6.789"), ("b", "1", "2.3")]
    assert aligned(rows) == [
        "module       cells   area",
        "a_long_name  12345  6.789",
        "b                1    2.3",
    ]
    assert aligned(rows, 25) == aligned(rows)
    assert aligned(rows, 24) == [
        "module       cells",
        "a_long_name  12345",
        "b                1",
        "",
        "module        area",
        "a_long_name  6.789",
        "b              2.3",
    ]


def test_words_go_on_in_their_column():
    rows = [("name", "some words that are long"), ("b", "short")]
    assert aligned(rows, 21, left=2) == ["name  some words that", "      are long", "b     short"]
    assert aligned([("n", "x" * 20)], 13, left=2) == ["n  xxxxxxxxxx", "   xxxxxxxxxx"]


def test_only_lines_that_are_too_wide_are_wrapped():
    assert wrapped("a  b\n\n  cc dd ee", 6) == ["a  b", "", "  cc", "dd ee"]


def test_json_holds_whole_notes(capsys):
    assert main(["list", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    lengths = []
    for kind, entries in table.items():
        for name, note in entries.items():
            path = catalog.find(kind, name)
            if path.is_file():
                assert note == " ".join(str(base.parse_toml(path).get("note", "")).split())
                lengths.append(len(note))
    assert max(lengths) > 200


def test_no_table_for_json_rounds_or_formats_a_number():
    rounding = []
    for path in (REPOSITORY / "bitsim").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.strip("_").endswith("table"):
                calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
                names = {getattr(each.func, "id", "") for each in calls}
                rounding += [(path.name, node.name)] * bool(names & {"round", "shorten", "shown"})
    assert rounding == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_imports_nothing_heavy(command):
    heavy = ("numba", "numpy", "pydantic", "amaranth", "simpy", "tokenizers", "jinja2", "rich")
    program = (
        f"import sys; from bitsim.cli import main; main([{command!r}, '--help']); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_python_m_bitsim_is_bitsim():
    done = subprocess.run([*BITSIM, "--version"], cwd=REPOSITORY, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "bitsim 0.1.0\n")
    done = subprocess.run([*BITSIM, "nothing"], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("bitsim: ")
