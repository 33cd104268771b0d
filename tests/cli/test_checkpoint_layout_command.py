"""`bitsim checkpoint layout` from the command line."""

import json
from pathlib import Path

import pytest

from bitsim.cli import main

NARROW = str(Path(__file__).parents[1] / "golden" / "hf" / "offline")
SHAPE = """
name = "tiny"
hidden_size = 256
intermediate_size = 512
layers = 1
heads = 4
kv_heads = 2
vocab_size = 64
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


@pytest.fixture
def made(tmp_path, monkeypatch, capsys):
    """The current folder, with a checkpoint `made` and a shape `tiny.toml` in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SHAPE)
    assert main(["checkpoint", "make", "--network", "tiny.toml", "--out", "made"]) == 0
    capsys.readouterr()
    return tmp_path


@pytest.mark.parametrize(("label", "matrices"), [("int2", 4), ("tl1", 7), ("tl2", 7)])
def test_layout_says_the_bytes_first_and_its_file_is_the_checkpoint(made, capsys, label, matrices):
    argv = ["checkpoint", "layout", "made", "--to", label, "--out", "w.safetensors"]
    assert main([*argv, "--json"]) == 0
    said = capsys.readouterr()
    table = json.loads(said.out)
    assert f"{table['bytes']} bytes will be written" in said.err
    assert (made / "w.safetensors").stat().st_size == table["bytes"]
    weights = 256 * (2 * 256 + 2 * 128 + 3 * 512)
    assert (table["layout"], table["matrices"]) == (label, matrices)
    assert (table["ternary_weights"], table["scales_rounded"]) == (weights, 0)
    assert ("chosen here" in said.err) == (label != "int2")
    assert len(table["parameters"]) == 4
    origin = "published" if label == "int2" else "chosen"
    assert {each["origin"] for each in table["parameters"].values()} == {origin}

    assert main(["checkpoint", "layout", "made", "--check", "w.safetensors", "--json"]) == 0
    same = {"matrices": 7, "different_matrices": [], "different_scales": []}
    assert json.loads(capsys.readouterr().out) == same | {"file": "w.safetensors"}

    assert main(["checkpoint", "make", "--network", "tiny.toml", "--seed", "1", "--out", "b"]) == 0
    assert main(["checkpoint", "layout", "b", "--check", "w.safetensors"]) == 1
    said = capsys.readouterr()
    assert "w.safetensors: 7 matrices, 7 different" in said.out
    assert "w.safetensors: model.layers.0.self_attn.q_proj is not the checkpoint's" in said.err

    assert main(argv) == 2
    assert "exists already; name a new file" in capsys.readouterr().err


def test_tile_sizes_of_a_kernel_config_are_used(made, capsys):
    shapes = [(256, 256), (128, 256), (512, 256), (256, 512)]
    sections = [
        f"[Kernels_{i}]\nM = {n}\nK = {k}\nBM = 64\nBK = 48\nbmm = 32\n"
        for i, (n, k) in enumerate(shapes)
    ]
    (made / "kernel_config.ini").write_text("\n".join(sections))
    argv = ["checkpoint", "layout", "made", "--to", "tl2", "--out", "w.safetensors", "--json"]
    assert main([*argv, "--kernel-config", "kernel_config.ini"]) == 2
    assert "the rest of k by bk = 16 is no multiple of 32" in capsys.readouterr().err
    (made / "kernel_config.ini").write_text("\n".join(sections).replace("BK = 48", "BK = 96"))
    assert main([*argv, "--kernel-config", "kernel_config.ini"]) == 0
    said = capsys.readouterr()
    assert "chosen here" not in said.err
    sizes = {"bm": 64, "bk": 96, "bmm": 32, "origin": "kernel config"}
    assert json.loads(said.out)["parameters"] == {f"{n}x{k}": sizes for n, k in shapes}
    assert main(["checkpoint", "layout", "made", "--check", "w.safetensors"]) == 0
    (made / "w.safetensors").unlink()
    (made / "kernel_config.ini").write_text("\n".join(sections[1:]))
    assert main([*argv, "--kernel-config", "kernel_config.ini"]) == 2
    assert "kernel_config.ini: has no section with m = 256 and k = 256" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["made", "--to", "int2"], "--out: missing; give --to and --out, or --check"),
        (["made", "--out", "w.safetensors"], "--to: missing"),
        (["made", "--to", "tl3", "--out", "w.safetensors"], "--to"),
        (["made", "--to", "int2", "--check", "made"], "leave other options away"),
        (
            ["made", "--to", "int2", "--out", "w.safetensors", "--kernel-config", "tiny.toml"],
            "tiny.toml: layout int2 has no tile sizes",
        ),
        (["made", "--check", "none.safetensors"], "none.safetensors: no such file"),
        (["made", "--check", "made/model.safetensors"], "metadata 'matrices' is missing"),
        (["made", "--to", "int2", "--out", "no/w"], "no/w: cannot be written"),
        (["made", "--to", "int2", "--out", "made"], "made: exists already"),
        (["tiny.toml", "--to", "int2", "--out", "w.safetensors"], "tiny.toml: is no checkpoint"),
        (["nothing", "--to", "int2", "--out", "w.safetensors"], "no such name in networks"),
        (
            [NARROW, "--to", "int2", "--out", "w.safetensors"],
            "w2.weight: layout int2: k = 200 is no multiple",
        ),
        (
            [NARROW, "--to", "tl1", "--out", "w.safetensors"],
            "attn_k.weight: layout tl1: n = 48 is no mult",
        ),
        ([NARROW, "--to", "tl2", "--out", "w.safetensors"], "k = 96 is below 256"),
    ],
    ids=lambda each: " ".join(each).replace(NARROW, "narrow") if isinstance(each, list) else "",
)
def test_a_fault_is_one_line_and_nothing_is_written(made, capsys, argv, says):
    before = sorted(made.iterdir())
    assert main(["checkpoint", "layout", *argv]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert len(error.splitlines()) == 1
    assert sorted(made.iterdir()) == before
