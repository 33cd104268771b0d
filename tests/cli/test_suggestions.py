"""A word that is not known: one line, status 2, and the word that was meant."""

import pytest

from bitsim.cli import main


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("simulte", "bitsim: argument COMMAND: no 'simulte'; did you mean 'simulate'?; see"),
        ("SIMULATE", "did you mean 'simulate'?"),
        ("rtl emitt", "bitsim rtl: argument ACTION: no 'emitt'; did you mean 'emit'?; see"),
        ("checkpoint fech", "did you mean 'fetch'?"),
        (
            "run --acelerator x",
            "bitsim run: no option '--acelerator'; did you mean '--accelerator'?",
        ),
        ("run --acelerator=x", "no option '--acelerator'; did you mean"),
        ("run -tokens 3", "no option '-tokens'; did you mean '--tokens'?"),
        (
            "fpga build --bord x --out y",
            "bitsim fpga build: no option '--bord'; did you mean '--board'",
        ),
        ("explore --worker 2", "arguments are required: sweep"),  # --worker is short for --workers
        ("explore --wrokers 2", "no option '--wrokers'; did you mean '--workers'?"),
        ("simulate --stage decod", "argument --stage: no 'decod'; did you mean 'decode'?"),
        (
            "rtl synth --block colum --target x",
            "argument --block: no 'colum'; did you mean 'column'?",
        ),
        ("list network", "argument kind: no 'network'; did you mean 'networks'?"),
        ("xyzzy", "no 'xyzzy'; one of: run, simulate, trace,"),
        ("run --zzz", "no option '--zzz'; one of: -h, --help, --network,"),
        ("doctor twice", "bitsim doctor: 'twice' is one argument too many; remove it"),
        ("--vresion", "bitsim: no option '--vresion'; did you mean '--version'?"),
    ],
)
def test_one_line_names_what_was_meant(line, told, capsys):
    assert main(line.split()) == 2
    said = capsys.readouterr()
    assert told in said.err and said.out == ""
    assert len(said.err.splitlines()) == 1
    assert said.err.endswith(" --help`\n")


def test_a_long_word_is_cut(capsys):
    assert main(["x" * 5000]) == 2
    assert len(capsys.readouterr().err) < 300


def test_values_that_look_like_options_are_values_after_an_equals_sign_or_with_a_space(capsys):
    assert main(["simulate", "--network=--odd", "--context", "5"]) == 2
    assert "'--odd': no such name in networks" in capsys.readouterr().err
    assert main(["run", "--prompt", "-- what", "--network", "nothing"]) == 2
    assert "'nothing': no such name" in capsys.readouterr().err
