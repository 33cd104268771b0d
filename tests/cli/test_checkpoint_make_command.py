"""`bitsim checkpoint make` from the command line."""

import json

import pytest

from bitsim.cli import main

SHAPE = """
name = "tiny"
hidden_size = 64
intermediate_size = 128
layers = 1
heads = 4
kv_heads = 2
vocab_size = 256
max_context = 16
rms_norm_eps = 1e-5
rope_theta = 10000.0
tied_head = true
bos_id = 0
eos_ids = [1]
[statistics]
zero_weight_fraction = 0.4
zero_ffn_fraction = 0.6
source = "chosen"
"""


def test_make_says_the_bytes_first_and_info_reads_the_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SHAPE)
    argv = ["checkpoint", "make", "--network", "tiny.toml", "--seed", "3", "--out", "made"]
    assert main([*argv, "--json"]) == 0
    said = capsys.readouterr()
    table = json.loads(said.out)
    assert f"{table['bytes']} bytes will be written" in said.err
    assert table == {"folder": "made", "tensors": 2 + 4 + 2 * 7, "bytes": table["bytes"]}
    assert sum(path.stat().st_size for path in (tmp_path / "made").iterdir()) == table["bytes"]
    assert main(["checkpoint", "info", "made", "--json"]) == 0
    info = json.loads(capsys.readouterr().out)
    assert info["format"] == "packed safetensors"
    assert info["tensors"] == table["tensors"]
    assert main(argv) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--network", "addition", "--out", "made"], "is a checkpoint already"),
        (["--network", "nothing", "--out", "made"], "no such name in networks"),
        (["--network", "bitnet-b1.58-2b-4t"], "--out"),
        (["--out", "made"], "--network"),
        (["--network", "bitnet-b1.58-2b-4t", "--out", "no/made"], "no/made: cannot be written"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_fault_is_one_line(argv, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["checkpoint", "make", *argv]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert len(error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
