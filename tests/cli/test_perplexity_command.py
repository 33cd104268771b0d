"""`bitsim perplexity` from the command line."""

import json
import math

import pytest

from bitsim.cli import main


def test_perplexity_prints_one_json_document(tmp_path, capsys):
    path = tmp_path / "sums.txt"
    path.write_text("734+589=1323")
    assert main(["perplexity", "--network", "addition", str(path), "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["tokens"] == 12
    assert table["perplexity"] == math.exp(table["nll"])
    assert (table["windows"], table["context"], table["stride"]) == (1, 64, 32)
    assert main(["perplexity", str(path), "--context", "6", "--stride", "6"]) == 0
    assert "12 tokens" in capsys.readouterr().out


def test_a_window_beyond_the_training_is_said_to_be_extrapolated(tmp_path, capsys):
    path = tmp_path / "sums.txt"
    path.write_text("734+589=1323" * 8)
    assert main(["perplexity", str(path), "--context", "65", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["context"] == 65
    assert "positions from 64 on are beyond those it was trained for" in captured.err
    assert main(["perplexity", str(path), "--context", "64"]) == 0
    assert "beyond" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        (b"", [], "no tokens"),
        (b"\xff\xfe", [], "is not UTF-8"),
        (None, [], "no such file"),
        (b"1+1=2", ["--context", "4", "--stride", "5"], "stride = 5"),
        (b"1+1=2", ["--stride", "0"], "--stride"),
    ],
)
def test_a_fault_is_one_line(content, options, says, tmp_path, capsys):
    path = tmp_path / "text"
    if content is not None:
        path.write_bytes(content)
    assert main(["perplexity", str(path), *options]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert len(error.splitlines()) == 1
