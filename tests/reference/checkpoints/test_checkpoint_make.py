"""A synthetic network that is written as a packed folder is the same network when it is read."""

import json
import os
import shutil
import tomllib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from bitsim.errors import BitsimError
from bitsim.files.tensorfile import open_tensors, stream_tensors
from bitsim.reference.checkpoints import make as checkpoint_writer
from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.checkpoints.make import plan_checkpoint, write_checkpoint
from bitsim.reference.kernels import packing
from bitsim.spec import catalog

GOLDEN = Path(__file__).parents[2] / "golden" / "hf"
SHAPE = """
name = "small"
hidden_size = 120
intermediate_size = 252
layers = 2
heads = 6
kv_heads = 2
vocab_size = 300
max_context = 40
rms_norm_eps = 1e-5
rope_theta = 20000.0
tied_head = true
bos_id = 0
eos_ids = [1]

[statistics]
zero_weight_fraction = 0.44
zero_ffn_fraction = 0.598
source = '''two lines with "quotes", a \\backslash
and ×'''
"""
IDS = np.random.default_rng(0).integers(0, 300, 23)


def shape_file(folder, *changes):
    text = SHAPE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "small.toml"
    path.write_text(text)
    return str(path)


def made(folder, name, seed=5):
    write_checkpoint(plan_checkpoint(name, seed, folder))
    return folder


def logits(network):
    return network.forward(IDS, network.empty_cache(IDS.size), all_logits=True)


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [("tied_head = true", "tied_head = false")],
        [("eos_ids = [1]", "eos_ids = [1, 7]")],
        [("hidden_size = 120", "hidden_size = 132")],  # not a multiple of 8
        [("layers = 2", 'layers = 1\nlinear_class = "bitlinear"')],
        [("layers = 2", 'layers = 1\nquantization_mode = "online"')],
    ],
    ids=["tied", "untied", "two_eos", "odd_width", "bitlinear", "online"],
)
def test_the_folder_gives_the_logits_of_the_synthetic_network_bit_for_bit(tmp_path, changes):
    name = shape_file(tmp_path, *changes)
    folder = made(tmp_path / "made", name)
    read, synthetic = load_network(str(folder)), load_network(name, seed=5)
    assert logits(read).tobytes() == logits(synthetic).tobytes()
    assert read.memory_bytes == synthetic.memory_bytes
    same = {
        "name": "made",
        "note": "",
        "linear_class": "autobitlinear",
        "quantization_mode": "offline",
    }
    assert read.spec == synthetic.spec.model_copy(update=same)
    assert logits(load_network(name, seed=6)).tobytes() != logits(read).tobytes()


@pytest.mark.parametrize("case", ["offline", "bitlinear", "untied"])
def test_packing_is_the_inverse_on_files_that_transformers_read(case):
    network = load_network(str(GOLDEN / case))
    file = open_tensors(GOLDEN / case / "model.safetensors")
    for layer in network.layers:
        for matrices in layer.products:
            for matrix in matrices:
                stored = file.tensor(f"{matrix.name}.weight")
                assert np.array_equal(packing.to_hugging_face(matrix.packed, matrix.k), stored)


@pytest.mark.parametrize(("n", "k"), [(4, 1), (8, 3), (12, 70), (2048, 2052)])
def test_packing_is_the_published_formula(n, k):
    weights = np.random.default_rng(n + k).integers(-1, 2, (n, k))
    quarters = np.split((weights + 1).astype(np.uint8), 4)  # transformers `pack_weights`
    stored = sum(quarter << np.uint8(2 * place) for place, quarter in enumerate(quarters))
    packed, reserved = packing.from_hugging_face(stored.astype(np.uint8))
    assert reserved == 0
    assert np.array_equal(packing.to_hugging_face(packed, k), stored)


def test_names_types_and_size_are_those_of_the_packed_repository(tmp_path):
    plan = plan_checkpoint("bitnet-b1.58-2b-4t", 0, tmp_path / "2b")
    assert len(plan.promised) == 542
    assert plan.promised["model.layers.29.mlp.down_proj.weight"] == ("U8", (640, 6912))
    assert plan.promised["model.layers.0.self_attn.k_proj.weight_scale"] == ("BF16", (1,))
    data_bytes = 1_178_562_980  # of the published file, counted from its shapes
    assert data_bytes < plan.total_bytes < data_bytes + 200_000
    config = json.loads(plan.files["config.json"])
    assert config["eos_token_id"] == [128001, 128009]
    assert config["quantization_config"]["quantization_mode"] == "offline"
    assert list(tmp_path.iterdir()) == []


def test_bytes_said_beforehand_are_the_bytes_written(tmp_path):
    plan = plan_checkpoint(shape_file(tmp_path), 0, tmp_path / "made")
    write_checkpoint(plan)
    files = list((tmp_path / "made").iterdir())
    assert sum(path.stat().st_size for path in files) == plan.total_bytes
    assert sorted(path.name for path in files) == sorted([*plan.files, "model.safetensors"])
    statistics = tomllib.loads(plan.files["statistics.toml"].decode())
    assert statistics == tomllib.loads(SHAPE)["statistics"]


def test_memory_does_not_grow_with_the_layers(tmp_path):
    def peak_bytes(layers):
        name = shape_file(tmp_path, ("layers = 2", f"layers = {layers}"), ("120", "480"))
        plan = plan_checkpoint(name, 0, tmp_path / f"made{layers}")
        tracemalloc.start()
        write_checkpoint(plan)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    made(tmp_path / "warm", shape_file(tmp_path))
    assert peak_bytes(24) < peak_bytes(3) + 100_000  # 21 layers more have 5 MB of weights


@pytest.mark.parametrize("there", ["folder", "file", "dangling"])
def test_what_is_there_is_refused_and_kept(tmp_path, there):
    place = tmp_path / "made"
    if there == "folder":
        place.mkdir()
    elif there == "file":
        place.write_text("mine")
    else:
        place.symlink_to(tmp_path / "nothing")
    with pytest.raises(BitsimError, match="made: exists already; name a new folder"):
        plan_checkpoint(shape_file(tmp_path), 0, place)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([("= 252", "= 250")], "gate_up: rows [250, 250] are not multiples of 4"),
        ([("[statistics]", "[statistic]")], "statistic"),
    ],
)
def test_shapes_that_cannot_be_packed_are_refused(tmp_path, changes, says):
    with pytest.raises(BitsimError) as caught:
        plan_checkpoint(shape_file(tmp_path, *changes), 0, tmp_path / "made")
    assert says in str(caught.value)


def test_a_checkpoint_is_no_shape(tmp_path):
    for name in ("addition", str(catalog.find("networks", "addition") / "config.json")):
        with pytest.raises(BitsimError, match="is a checkpoint already"):
            plan_checkpoint(name, 0, tmp_path / "made")


def test_a_disk_without_the_bytes_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 0, 1000))
    with pytest.raises(BitsimError, match=r"needs [0-9]+ bytes, 1000 are free on its disk"):
        plan_checkpoint(shape_file(tmp_path), 0, tmp_path / "made")


def test_an_interruption_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    plan = plan_checkpoint(shape_file(tmp_path), 0, tmp_path / "made")
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(plan)
    assert [path.name for path in tmp_path.iterdir()] == ["small.toml"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    name = shape_file(tmp_path)
    for place in (tmp_path / "no" / "made", Path("/proc/made"), Path("a\0b"), Path("x" * 10_000)):
        with pytest.raises(BitsimError) as caught:
            write_checkpoint(plan_checkpoint(name, 0, place))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        [],
        [("b", np.zeros(2, np.int8))],
        [("a", np.zeros(3, np.int8))],
        [("a", np.zeros(2, np.int16))],
        [("a", np.zeros(2, np.int8)), ("a", np.zeros(2, np.int8))],
    ],
    ids=["missing", "other name", "other shape", "other type", "one too many"],
)
def test_a_stream_that_breaks_its_promise_writes_nothing(tmp_path, given):
    with pytest.raises(AssertionError):
        stream_tensors(tmp_path / "t", {"a": ("I8", (2,))}, given)
    assert list(tmp_path.iterdir()) == []


def test_layers_are_made_one_at_a_time(tmp_path, monkeypatch):
    events = []
    plan = plan_checkpoint(shape_file(tmp_path), 0, tmp_path / "made")
    layer_tensors = checkpoint_writer._layer_tensors

    def seen(index, layer):
        events.append(f"layer {index}")
        return layer_tensors(index, layer)

    monkeypatch.setattr(checkpoint_writer, "_layer_tensors", seen)
    write_checkpoint(plan, lambda done, of: events.append(f"{done} of {of}"))
    assert events == ["layer 0", "1 of 2", "layer 1", "2 of 2"]
