"""--head of the commands that compute logits."""

import json

import numpy as np
import pytest

from bitsim.cli import main
from bitsim.files.tensorfile import open_tensors
from bitsim.reference.checkpoints.load import load_network

IDS = [4, 7, 9]


def lines(text):
    return [line for line in text.splitlines() if "int8 head" in line]


@pytest.mark.parametrize("head", ["own", "int8"])
def test_logits_are_those_of_the_head_that_is_asked_for(head, tmp_path, capsys):
    out = tmp_path / "logits.safetensors"
    argv = ["logits", "--network", "addition", "--ids", "4,7,9", "--out", str(out), "--json"]
    assert main([*argv, "--head", head]) == 0
    captured = capsys.readouterr()
    network = load_network("addition", head=head)
    expected = network.forward(np.array(IDS), network.empty_cache(3), all_logits=True)
    assert open_tensors(out).tensor("logits").tobytes() == expected.tobytes()
    assert json.loads(captured.out)["shape"] == [3, 56]
    assert len(lines(captured.err)) == (head == "int8")


def test_perplexity_of_both_heads_can_be_compared(tmp_path, capsys):
    path = tmp_path / "sums.txt"
    path.write_text("734+589=1323")
    found = {}
    for head in ("own", "int8"):
        assert main(["perplexity", str(path), "--head", head, "--json"]) == 0
        captured = capsys.readouterr()
        found[head] = json.loads(captured.out)["nll"]
        assert len(lines(captured.err)) == (head == "int8")
    assert 0 < abs(found["int8"] - found["own"]) < 0.05


@pytest.mark.parametrize("command", [["run", "--json"], ["trace", "record"]])
def test_generation_with_an_int8_head_says_what_it_changes(command, tmp_path, capsys):
    out = str(tmp_path / "out")
    argv = [*command, "--prompt", "1+1=", "--tokens", "2", "--out", out, "--head", "int8"]
    assert main(argv) == 0
    (line,) = lines(capsys.readouterr().err)
    assert "over the first 5 tokens" in line
    assert line.endswith("0 of 5 have another largest logit")


def test_another_head_is_refused(tmp_path, capsys):
    argv = ["logits", "--ids", "1", "--out", str(tmp_path / "x"), "--head", "int4"]
    assert main(argv) == 2
    assert "no 'int4'; did you mean 'int8'?" in capsys.readouterr().err
