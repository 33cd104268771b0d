"""What every command promises: help, exit status, one line for a fault, JSON alone on stdout."""

import json
import subprocess
import sys

import pytest

from bitsim.cli import COMMANDS, main

HEAVY = ("numba", "numpy", "pydantic", "amaranth", "simpy", "tokenizers", "jinja2")


def test_help_imports_nothing_heavy():
    program = (
        "import sys, bitsim.cli; bitsim.cli.parser(); "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    assert main([command, "--help"]) == 0
    assert "usage: bitsim" in capsys.readouterr().out


@pytest.mark.parametrize(
    "argv",
    [
        ["run", "--tokens", "-1"],
        ["run", "--tokens", "1e3"],
        ["run", "--temperature", "nan"],
        ["run", "--seed", "-1"],
        ["run", "--accelerator", "dot_16x4O"],
        ["run", "--network", "adition"],
        ["run", "--technology", "9nm"],
        ["simulate"],
        ["simulate", "a.trace", "--network", "addition"],
        ["simulate", "--network", "addition", "--context", "1000000"],
        ["trace", "info", "no_such.trace"],
        ["logits", "--ids", "1,x", "--out", "l.safetensors"],
        ["logits", "--ids", "1,999999", "--out", "l.safetensors"],
        ["logits", "--ids", "1,2", "--out", "no/such/folder/l.safetensors"],
        ["checkpoint", "info", "bitnet-b1.58-2b-4t"],
        ["rtl", "emit", "--accelerator", "nothing"],
        ["rtl", "check", "--cases", "0"],
        ["rtl", "check", "--cases", "1", "--accelerator", "dot_16x40"],
        ["explore", "no_such_sweep"],
        ["no_such_command"],
    ],
    ids=" ".join,
)
def test_a_fault_is_one_line_and_status_2(argv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 2
    said = capsys.readouterr()
    assert len(said.err.strip().splitlines()) == 1, said.err
    assert said.err.startswith("bitsim")
    assert "Traceback" not in said.err
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_output_folder_that_is_a_file_is_refused(tmp_path, capsys):
    (tmp_path / "out").write_text("mine")
    assert main(["run", "--out", str(tmp_path / "out")]) == 2
    assert "--out" in capsys.readouterr().err
    assert (tmp_path / "out").read_text() == "mine"


def test_run_prints_the_right_sum_and_one_json_document(tmp_path, capsys):
    argv = ["run", "--prompt", "734+589=", "--out", str(tmp_path / "out"), "--json"]
    assert main(argv) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["text"] == "1323"
    assert table["bit_exact"] is True
    assert table["cycles"] == table["counts"]["busy"] + sum(table["stall_cycles"].values())
    assert json.loads((tmp_path / "out" / "result.json").read_text()) == table
    for name in ("report.html", "timeline.pftrace"):
        assert (tmp_path / "out" / name).stat().st_size > 1000


def test_the_same_run_writes_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bitsim", "run"])
    for name in ("a", "b"):
        assert main(["run", "--prompt", "5+7=", "--out", str(tmp_path / name)]) == 0
    for name in ("result.json", "report.html", "timeline.pftrace"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_sampling_is_a_function_of_its_seed(tmp_path, capsys):
    texts = []
    for seed in ("3", "3"):
        argv = ["run", "--prompt", "5+7=", "--temperature", "50", "--seed", seed, "--json"]
        assert main([*argv, "--out", str(tmp_path)]) == 0
        texts.append(json.loads(capsys.readouterr().out)["token_ids"])
    assert texts[0] == texts[1]


def test_a_trace_says_what_was_recorded(tmp_path, capsys):
    path = str(tmp_path / "sum.trace")
    argv = ["trace", "record", "--prompt", "1+1=", "--tokens", "2", "--out", path, "--json"]
    assert main(argv) == 0
    recorded = json.loads(capsys.readouterr().out)
    assert main(["trace", "info", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == recorded
    assert recorded["events"] == 2 * 4 * 3  # passes, products of a layer, layers
    assert main(argv) == 2  # an existing trace is never overwritten


def test_a_broken_promise_of_the_array_is_status_1(tmp_path, capsys, monkeypatch):
    from bitsim.system import Machine

    honest = Machine.product

    def wrong(self, event):
        sums = honest(self, event)
        sums[0, 0] += 1
        return sums

    monkeypatch.setattr(Machine, "product", wrong)
    assert main(["run", "--prompt", "1+1=", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "pass 0, layers.0.qkv" in said.err
    assert "NO" in said.out


def test_rtl_emit_says_what_it_wrote(tmp_path, capsys):
    import hashlib

    path = tmp_path / "machine.v"
    assert main(["rtl", "emit", "--out", str(path), "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert main(["rtl", "emit"]) == 0
    assert capsys.readouterr().out.encode() == path.read_bytes()
