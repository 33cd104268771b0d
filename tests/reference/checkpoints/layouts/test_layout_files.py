"""A checkpoint in another program's layout: the names of that program, and the way back."""

import json
import shutil
import tracemalloc

import numpy as np
import pytest

from bitsim.errors import BitsimError
from bitsim.files.tensorfile import open_tensors, write_tensors
from bitsim.reference.checkpoints.forms import open_checkpoint
from bitsim.reference.checkpoints.layouts import LAYOUTS
from bitsim.reference.checkpoints.layouts.compare import compare_layout
from bitsim.reference.checkpoints.layouts.reader import read_layout
from bitsim.reference.checkpoints.layouts.writer import plan_layout, write_layout
from bitsim.reference.checkpoints.load import load_network
from bitsim.reference.kernels.random_bits import to_bf16
from tests.reference.checkpoints.gguf import gguf_writer
from tests.reference.checkpoints.layouts import layout_oracles as kernels
from tests.reference.checkpoints.layouts.layout_files import (
    W2,
    first_byte,
    made,
    put,
    rewrite,
    scale,
    tensor,
    written,
)

LAYERS = range(2)


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    """A packed folder of a shape that every layout admits."""
    return made(tmp_path_factory.mktemp("checkpoint"))


def in_form(folder, form, offline):
    """The same network in another form; a master's weights are others."""
    if form == "offline":
        return offline
    config = json.loads((offline / "config.json").read_text())
    if form == "gguf":
        tensors = gguf_writer.golden_tensors(offline, config, gguf_writer.BF16)
        keys = gguf_writer.golden_keys(config)
        (folder / "model.gguf").write_bytes(gguf_writer.file_bytes(keys.values(), tensors))
        return folder / "model.gguf"
    shutil.copytree(offline, folder / form)
    if form == "bitlinear":
        config["quantization_config"]["linear_class"] = "bitlinear"
    else:
        config["quantization_config"]["quantization_mode"] = "online"
        file, rng = open_tensors(offline / "model.safetensors"), np.random.default_rng(8)
        tensors = {name: file.tensor(name) for name in file.names if "_scale" not in name}
        for name, values in tensors.items():
            if values.dtype == np.uint8:
                size = (4 * values.shape[0], values.shape[1])
                tensors[name] = to_bf16(rng.standard_normal(size))
        write_tensors(folder / form / "model.safetensors", tensors, bf16=set(tensors))
    (folder / form / "config.json").write_text(json.dumps(config))
    return folder / form


def matrices(source):
    network = load_network(str(source))
    return {
        matrix.name: matrix
        for layer in network.layers
        for product in layer.products
        for matrix in product
    }


@pytest.mark.parametrize("label", LAYOUTS)
@pytest.mark.parametrize("form", ["offline", "bitlinear", "online", "gguf"])
def test_every_matrix_comes_back_bit_for_bit(tmp_path, offline, form, label):
    source = in_form(tmp_path, form, offline)
    path, rounded = written(tmp_path, label, source)
    expected = matrices(source)
    apart = 0
    for found in read_layout(path):
        own = expected.pop(found.name)
        assert found.digest == own.digest
        apart += found.scale != own.scale
        assert found.scale == pytest.approx(own.scale, rel=2**-8)
    assert expected == {}
    assert apart == rounded
    of_f32 = form in ("bitlinear", "online")  # 1 / scale, and the mean of a master's weights
    assert (rounded > 0) == ((of_f32 and label == "int2") or form == "bitlinear")
    found = compare_layout(open_checkpoint(str(source)), path)
    assert (found.matrices, found.different, len(found.other_scales)) == (14, (), rounded)


def test_int2_has_the_names_shapes_and_scales_of_the_gpu_model(tmp_path, offline):
    path, _ = written(tmp_path, "int2", offline)
    file, own = open_tensors(path), matrices(offline)
    q = own["model.layers.1.self_attn.q_proj"]
    k = own["model.layers.1.self_attn.k_proj"]
    ffn = own["model.layers.1.mlp.gate_proj"].n
    parts = {
        "attention.wqkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        "attention.wo": ("self_attn.o_proj",),
        "feed_forward.w13": ("mlp.gate_proj", "mlp.up_proj"),
        "feed_forward.w2": ("mlp.down_proj",),
    }
    names = [f"layers.{i}.{name}.weight{tail}" for i in LAYERS for name in parts for tail in TAILS]
    assert list(file.names) == names
    assert file.shape("layers.1.attention.wqkv.weight") == (q.n + 2 * k.n, q.k // 4)
    assert file.shape("layers.1.feed_forward.w13.weight") == (2 * ffn, q.k // 4)
    for name, modules in parts.items():
        scales = file.tensor(f"layers.1.{name}.weight_scale")
        assert file.dtype(f"layers.1.{name}.weight_scale") == "BF16"
        numbers = [own[f"model.layers.1.{module}"].scale for module in modules]
        assert gguf_writer.widened(scales).tolist() == numbers + [0.0] * (4 - len(modules))


TAILS = ("", "_scale")


def test_the_gpu_kernel_computes_q_with_its_rows_in_pairs(tmp_path, offline):
    path, _ = written(tmp_path, "int2", offline)
    q = matrices(offline)["model.layers.0.self_attn.q_proj"]
    config = json.loads((offline / "config.json").read_text())
    heads = config["num_attention_heads"]
    file = open_tensors(path)
    stored = file.tensor("layers.0.attention.wqkv.weight")
    read = kernels.read_int2(stored.reshape(-1), *(stored.shape[0], q.k))
    in_pairs = read[: q.n].reshape(heads, q.n // heads // 2, 2, q.k).swapaxes(1, 2)
    assert np.array_equal(in_pairs.reshape(q.n, q.k), q.unpack())


@pytest.mark.parametrize("label", ["tl1", "tl2"])
def test_tl_files_have_the_names_of_gguf_and_one_f32_scale_a_matrix(tmp_path, offline, label):
    path, _ = written(tmp_path, label, offline)
    file, own = open_tensors(path), matrices(offline)
    names = [f"blk.{i}.{name}.weight{tail}" for i in LAYERS for name in ORDER for tail in TAILS]
    assert list(file.names) == names
    down = own["model.layers.1.mlp.down_proj"]
    assert file.tensor("blk.1.ffn_down.weight_scale").tolist() == [down.scale]
    layout = LAYOUTS[label].for_shape(down.n, down.k)
    assert file.shape("blk.1.ffn_down.weight") == (layout.stored_bytes(down.n, down.k),)
    stored = file.tensor("blk.1.ffn_down.weight")
    assert np.array_equal(stored, layout.encode(down.packed, down.n, down.k))


ORDER = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


def test_bytes_said_beforehand_are_the_bytes_written(tmp_path, offline):
    for label in LAYOUTS:
        path = tmp_path / f"{label}.safetensors"
        plan = plan_layout(open_checkpoint(str(offline)), label, path)
        assert list(tmp_path.glob(f"{label}*")) == []
        write_layout(plan)
        assert path.stat().st_size == plan.total_bytes
        with pytest.raises(BitsimError, match="exists already; name a new file"):
            plan_layout(open_checkpoint(str(offline)), label, path)


def test_a_shape_that_a_layout_does_not_admit_is_refused_before_writing(tmp_path, offline):
    class Source:
        spec = load_network(str(offline)).spec.changed({"intermediate_size": 520, "name": "odd"})

    with pytest.raises(BitsimError) as caught:
        plan_layout(Source(), "int2", tmp_path / "odd.safetensors")
    assert str(caught.value) == (
        "odd: layers.0.feed_forward.w2.weight: layout int2: k = 520 is no multiple of 32, "
        "the columns of a block; use another layout"
    )
    assert list(tmp_path.iterdir()) == []


def test_comparison_names_what_is_different(tmp_path, offline):
    path, _ = written(tmp_path, "int2", offline)
    source = open_checkpoint(str(offline))

    name = "layers.1.feed_forward.w2.weight"
    rewrite(path, tensor(name, lambda v: first_byte(0x55 if v[0, 0] == 0xFF else 0xFF)(v)))
    found = compare_layout(source, path)
    assert found.different == ("model.layers.1.mlp.down_proj",)
    rewrite(path, scale(f"{W2}_scale", 0, 0x3F80))
    found = compare_layout(source, path)
    assert found.different == ("model.layers.0.mlp.down_proj", "model.layers.1.mlp.down_proj")


def test_comparison_with_another_network_is_refused(tmp_path, offline):
    path, _ = written(tmp_path, "int2", offline)
    rewrite(path, put(W2, "parts", 0, "module", "elsewhere"))
    with pytest.raises(BitsimError, match=r"elsewhere \(256 x 512\) is not in it; name the"):
        compare_layout(open_checkpoint(str(offline)), path)


@pytest.mark.parametrize("label", LAYOUTS)
def test_memory_does_not_grow_with_the_layers(tmp_path, label):
    def peak_bytes(layers):
        folder = tmp_path / str(layers)
        folder.mkdir()
        checkpoint = made(folder, layers)
        tracemalloc.start()
        path, _ = written(folder, label, checkpoint)
        for _ in read_layout(path):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak_bytes(1)
    assert peak_bytes(12) < peak_bytes(2) + 400_000  # 10 layers more have 1.5 MB of weights
