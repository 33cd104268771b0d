"""`bitsim checkpoint convert`: what it says, what it refuses, and what it leaves behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bitsim.cli import main
from bitsim.files.tensorfile import open_tensors, write_tensors
from bitsim.reference.checkpoints.conversion import convert as convert_module
from bitsim.reference.checkpoints.conversion import plan_conversion, write_conversion
from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.kernels.random_bits import to_bf16
from tests.reference.checkpoints.test_checkpoint_make import SHAPE, made

GOLDEN = Path(__file__).parents[1] / "golden"
NARROW = GOLDEN / "hf" / "offline"
WIDE = SHAPE.replace("= 120", "= 256").replace("= 252", "= 512").replace("heads = 6", "heads = 4")


def wide(place, *changes):
    """A packed folder of 256-wide rows."""
    text = WIDE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (place / "wide.toml").write_text(text)
    return made(place / "wide", str(place / "wide.toml"))


def convert(source, form, out, *options):
    return main(["checkpoint", "convert", str(source), "--to", form, "--out", str(out), *options])


def refusal(capsys, source, form, out, *options):
    """The one line that is said of what is refused; nothing is written."""
    before = sorted(out.parent.iterdir()) if out.parent.is_dir() else None
    assert convert(source, form, out, *options) == 2
    if before is not None:
        assert sorted(out.parent.iterdir()) == before
    said = capsys.readouterr()
    assert said.out == ""
    lines = [line for line in said.err.splitlines() if "compiling kernels" not in line]
    assert len(lines) == 1, lines
    return lines[0]


def test_what_it_says(tmp_path, capsys):
    out = tmp_path / "out.gguf"
    assert convert(NARROW, "i2_s", out) == 0
    said = capsys.readouterr()
    size = out.stat().st_size
    assert said.out == f"{out}: 35 tensors, {size} bytes\n21 matrices compared, all equal\n"
    assert f"{size} bytes will be written; the disk has them free" in said.err
    assert "bitnet.cpp computes rows of whole blocks of 128 weights only" in said.err
    assert "without a tokenizer, since the source has no tokenizer.json" in said.err
    folder = tmp_path / "folder"
    assert convert(out, "safetensors", folder, "--json") == 0
    table = json.loads(capsys.readouterr().out)
    assert table["bytes"] == sum(path.stat().st_size for path in folder.iterdir())
    assert table["tensors"] == len(open_tensors(folder / "model.safetensors").names)
    assert table["matrices_compared"] == table["matrices_equal"] == 21
    assert table["embedding_values_rounded"] == 0


@pytest.mark.parametrize("there", ["folder", "file", "dangling"])
@pytest.mark.parametrize(("form", "what"), [("safetensors", "folder"), ("i2_s", "file")])
def test_what_is_there_is_refused_and_kept(tmp_path, capsys, there, form, what):
    out = tmp_path / "there.gguf"
    if there == "folder":
        out.mkdir()
    elif there == "file":
        out.write_text("mine")
    else:
        out.symlink_to(tmp_path / "nothing")
    assert f"exists already; name a new {what}" in refusal(capsys, NARROW, form, out)
    assert there != "file" or out.read_text() == "mine"


def test_the_source_cannot_be_the_result(tmp_path, capsys):
    source = tmp_path / "a.gguf"
    assert convert(NARROW, "i2_s", source) == 0
    before = source.read_bytes()
    capsys.readouterr()
    assert "exists already" in refusal(capsys, source, "i2_s", source)
    assert source.read_bytes() == before


@pytest.fixture
def before_weights(monkeypatch):
    """What is refused is refused before any matrix is read."""

    def read(*_):
        raise AssertionError("a matrix is read")

    monkeypatch.setattr(convert_module, "survey", read)


@pytest.mark.usefixtures("before_weights")
@pytest.mark.parametrize(
    ("source", "form", "name", "says"),
    [
        ("bitnet-b1.58-2b-4t", "i2_s", "a.gguf", "is no checkpoint"),
        (NARROW, "i2_s", "a.bin", "is known by its name; let it end .gguf"),
        (NARROW, "tq2_0", "a.gguf", "blk.0.attn_q.weight: rows of 96 weights are not whole blocks"),
        (GOLDEN / "hf" / "bitlinear", "i2_s", "a.gguf", "72 x 72 weights are not whole blocks of"),
        (GOLDEN / "hf" / "dead_rows", "safetensors", "a", "rows [102, 102] are not multiples of 4"),
        (GOLDEN / "nothing", "i2_s", "a.gguf", "no such file"),
        (NARROW, "i2_s", "no/such/a.gguf", "cannot be written (No such file or directory)"),
        (NARROW, "safetensors", "no/such/a", "cannot be written (No such file or directory)"),
        (NARROW, "i2_s", "x" * 300 + ".gguf", "cannot be written (File name too long)"),
        (NARROW, "i2_s", "a\0b.gguf", "cannot be written"),
    ],
)
def test_what_cannot_be_converted_is_one_line(tmp_path, capsys, source, form, name, says):
    assert says in refusal(capsys, source, form, tmp_path / name)


def test_the_embedding_of_safetensors_is_never_rounded(tmp_path, capsys):
    says = refusal(capsys, NARROW, "safetensors", tmp_path / "a", "--embedding", "f16")
    assert "--embedding f16: is of GGUF files" in says


def test_a_place_that_cannot_be_written_is_one_line(capsys):
    assert convert(NARROW, "safetensors", Path("/proc/made")) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("bitsim: /proc/made: ")


def test_a_disk_without_the_bytes_is_refused_before_anything_is_written(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 0, 1000))
    for form, name in (("safetensors", "a"), ("i2_s", "a.gguf")):
        said = refusal(capsys, NARROW, form, tmp_path / name)
        assert "bytes, 1000 are free on its disk; free space" in said


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("eos_token_id", [1, 2, 3], "eos_token_id has 3 ids, GGUF has 1 or 2"),
        ("rms_norm_eps", 1.0000000001e-5, "rms_norm_eps = 1.0000000001e-05: GGUF holds it as the"),
        ("rope_theta", 500000.001, "rope_theta = 500000.001: GGUF holds it as the f32 500000.0"),
    ],
)
@pytest.mark.usefixtures("before_weights")
def test_numbers_that_gguf_does_not_hold_are_refused(tmp_path, capsys, key, value, says):
    folder = tmp_path / "source"
    shutil.copytree(NARROW, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {key: value}))
    assert says in refusal(capsys, folder, "i2_s", tmp_path / "a.gguf")


def test_a_value_beyond_f16_is_refused(tmp_path, capsys):
    folder = tmp_path / "source"
    shutil.copytree(NARROW, folder)
    old = open_tensors(folder / "model.safetensors")
    tensors = {name: old.tensor(name).copy() for name in old.names}
    tensors["model.embed_tokens.weight"][5, 5] = to_bf16(np.array([70000.0]))[0]
    bf16 = {name for name in old.names if old.dtype(name) == "BF16"}
    write_tensors(folder / "model.safetensors", tensors, bf16=bf16)
    said = refusal(capsys, folder, "i2_s", tmp_path / "a.gguf", "--embedding", "f16")
    assert "model.embed_tokens.weight: has the value 70144, and F16 ends at 65504" in said


@pytest.mark.usefixtures("before_weights")
def test_a_faulty_tokenizer_is_not_handed_on(tmp_path, capsys):
    folder = tmp_path / "source"
    shutil.copytree(NARROW, folder)
    (folder / "tokenizer.json").write_text("{")
    for form, name in (("safetensors", "a"), ("i2_s", "a.gguf")):
        assert "tokenizer.json: not plain JSON" in refusal(capsys, folder, form, tmp_path / name)


@pytest.mark.parametrize("form", ["safetensors", "i2_s"])
def test_an_interruption_leaves_nothing(tmp_path, monkeypatch, form):
    def interrupted(_):
        raise KeyboardInterrupt

    plan = plan_conversion(str(NARROW), form, tmp_path / "a.gguf")
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_conversion(plan)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["safetensors", "i2_s"])
def test_a_process_that_is_killed_leaves_no_result(tmp_path, form):
    out = tmp_path / "a.gguf"
    program = (
        "import os, signal, sys\n"
        "from bitsim.cli import main\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"main(['checkpoint', 'convert', {str(NARROW)!r}, '--to', {form!r}, '--out', {str(out)!r}])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True)
    assert ended.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith("a.gguf.") and left.name.endswith(".partial")


def test_a_tokenizer_of_llama_3s_form_goes_there_and_back(tmp_path, capsys):
    source = wide(tmp_path, ("vocab_size = 300", "vocab_size = 700"))
    shutil.copy(GOLDEN / "chat" / "tokenizer.json", source)
    ids = json.loads((source / "tokenizer.json").read_text())["added_tokens"]
    bos = next(each["id"] for each in ids if each["content"] == "<|begin_of_text|>")
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps(config | {"bos_token_id": bos}))
    paths = [source, tmp_path / "a.gguf", tmp_path / "b.gguf", tmp_path / "back"]
    for before, after in pairwise(paths):
        form = "tq2_0" if after.suffix else "safetensors"
        assert convert(before, form, after) == 0
    assert "without a tokenizer" not in capsys.readouterr().err
    recorded = json.loads((GOLDEN / "chat" / "recorded.json").read_text())["texts"]
    assert len(recorded) > 3
    for path in paths:
        network = load_network(str(path))
        assert network.spec.bos_id == bos
        for text in ("The Licensor grants You the License.", "  two  spaces,\ttabs\n\n", "à → 漢"):
            assert network.tokenizer.encode(text) == load_network(str(source)).tokenizer.encode(
                text
            )


def test_a_tokenizer_that_puts_another_id_in_front_is_left_out_and_said(tmp_path, capsys):
    source = wide(tmp_path, ("vocab_size = 300", "vocab_size = 700"))
    shutil.copy(GOLDEN / "chat" / "tokenizer.json", source)
    assert convert(source, "i2_s", tmp_path / "a.gguf") == 0
    assert (
        "the network's bos_token_id is 0, and GGUF has one id for both" in capsys.readouterr().err
    )


def test_files_beside_a_folder_go_with_it(tmp_path):
    source = tmp_path / "source"
    shutil.copytree(NARROW, source)
    beside = {"tokenizer_config.json": "{}", "generation_config.json": '{"eos_token_id": [1, 9]}'}
    for name, text in beside.items():
        (source / name).write_text(text)
    assert convert(source, "safetensors", tmp_path / "copy") == 0
    for name, text in beside.items():
        assert (tmp_path / "copy" / name).read_text() == text
    assert convert(source, "i2_s", tmp_path / "a.gguf") == 0
    for name in ("source", "copy", "a.gguf"):
        assert load_network(str(tmp_path / name)).spec.eos_ids == (1, 9)


def test_memory_does_not_grow_with_the_layers(tmp_path):
    def peak_bytes(layers, form):
        place = tmp_path / f"{form}{layers}"
        place.mkdir()
        source = wide(place, ("layers = 2", f"layers = {layers}"))
        plan = plan_conversion(str(source), form, place / "out.gguf")
        tracemalloc.start()
        write_conversion(plan)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    for form in ("safetensors", "i2_s"):
        peak_bytes(1, form)  # compiles
        # 12 layers have 1.7 MB of weights more, and 0.25 MB of header on its way to the file.
        assert peak_bytes(14, form) < peak_bytes(2, form) + 400_000
