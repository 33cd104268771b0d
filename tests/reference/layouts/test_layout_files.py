"""A checkpoint in another program's layout: the names of that program, and the way back."""

import json
import shutil
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitsim.errors import BitsimError
from bitsim.reference.checkpoint_writer import plan_checkpoint, write_checkpoint
from bitsim.reference.layouts import LAYOUTS
from bitsim.reference.layouts.compare import compare_layout
from bitsim.reference.layouts.reader import read_layout
from bitsim.reference.layouts.writer import open_source, plan_layout, write_layout
from bitsim.reference.load import load_network
from bitsim.reference.random_bits import to_bf16
from bitsim.trace.tensorfile import open_tensors, write_tensors
from tests.reference import gguf_writer
from tests.reference.layouts import layout_oracles as kernels

LAYERS = range(2)
SHAPE = """
name = "small"
hidden_size = 256
intermediate_size = 512
layers = 2
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


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    """A packed folder of a shape that every layout admits."""
    folder = tmp_path_factory.mktemp("checkpoint")
    (folder / "small.toml").write_text(SHAPE)
    write_checkpoint(plan_checkpoint(str(folder / "small.toml"), 5, folder / "offline"))
    return folder / "offline"


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


def written(tmp_path, label, source):
    path = tmp_path / f"{label}.safetensors"
    rounded = write_layout(plan_layout(open_source(str(source)), label, path))
    return path, rounded


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
    found = compare_layout(open_source(str(source)), path)
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
        plan = plan_layout(open_source(str(offline)), label, path)
        assert list(tmp_path.glob(f"{label}*")) == []
        write_layout(plan)
        assert path.stat().st_size == plan.total_bytes
        with pytest.raises(BitsimError, match="exists already; name a new file"):
            plan_layout(open_source(str(offline)), label, path)


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


def rewrite(path, change):
    """Write a file again after `change(tensors, metadata)`; `metadata["matrices"]` is parsed."""
    file = open_tensors(path)
    tensors = {name: file.tensor(name).copy() for name in file.names}
    metadata = dict(file.metadata)
    metadata["matrices"] = json.loads(metadata["matrices"])
    bf16 = {name for name in file.names if file.dtype(name) == "BF16"}
    change(tensors, metadata)
    if isinstance(metadata.get("matrices"), dict):
        metadata["matrices"] = json.dumps(metadata["matrices"])
    write_tensors(path, tensors, metadata, bf16=bf16 & set(tensors))


def put(*path_and_value):
    """A change of one place in the metadata of matrices."""
    *path, last, value = path_and_value

    def change(_tensors, metadata):
        place = metadata["matrices"]
        for step in path:
            place = place[step]
        place[last] = value

    return change


def tensor(name, change):
    """A change of one tensor."""

    def changed(tensors, _metadata):
        tensors[name] = change(tensors[name])

    return changed


def scale(name, slot, bits):
    def change(values):
        values.view(np.uint16 if values.dtype == np.uint16 else np.uint32)[slot] = bits
        return values

    return tensor(name, change)


def first_byte(value):
    def change(values):
        values.reshape(-1)[0] = value
        return values

    return change


WQKV, W2 = "layers.0.attention.wqkv.weight", "layers.0.feed_forward.w2.weight"
ATTN_Q = "blk.0.attn_q.weight"
FAULTS = [
    ("int2", lambda _, m: m.pop("matrices"), "metadata 'matrices' is missing; use a file of"),
    ("int2", lambda _, m: m.update(matrices="[" * 9999), "'matrices' is not plain JSON: nested"),
    ("int2", lambda _, m: m.update(matrices='{"a":1,"a":2}'), "key 'a' twice in one object"),
    ("int2", lambda _, m: m.update(matrices="[]"), "metadata: matrices = ()"),
    ("int2", lambda _, m: m.update(format="bitsim layout 2"), "metadata: format = 'bitsim layo"),
    ("int2", lambda _, m: m.pop("format"), "metadata: format: missing; add it"),
    ("int2", lambda _, m: m.update(layout="tl3"), "metadata: layout = 'tl3'"),
    ("int2", lambda _, m: m.update(more="x"), "metadata: more: unknown field; remove it"),
    ("int2", put(WQKV, "k", 10**400), "k = "),
    ("int2", put(WQKV, "k", -32), "k = -32"),
    ("int2", put(WQKV, "k", 256.0), "k = 256.0"),
    ("int2", put(WQKV, "k", 288), "asks for U8"),
    ("int2", put(WQKV, "k", 250), "k = 250 is no multiple of 32, the columns of a block"),
    ("int2", put(WQKV, "n", 16), "n = 16 is not the 512 rows of its parts"),
    ("int2", put(WQKV, "parts", []), "parts = ()"),
    ("int2", put(WQKV, "parts", 0, "heads", 3), "rows = 256 are no pairs in each of heads = 3"),
    ("int2", put(WQKV, "parts", 0, "module", "a\nb"), "module = 'a\\nb'"),
    ("int2", put(W2, "parts", 0, "module", "model.layers.1.mlp.down_proj"), "is in 2 places"),
    ("int2", put(WQKV, "parameters", {"bm": 32}), "parameters: bm: unknown field; remove it"),
    ("int2", lambda t, _: t.pop(W2), f"tensor '{W2}' is missing; write the file again"),
    ("int2", lambda t, _: t.pop(f"{W2}_scale"), f"tensor '{W2}_scale' is missing"),
    ("int2", lambda _, m: m["matrices"].pop(W2), "is none that the metadata names"),
    ("int2", tensor(WQKV, lambda v: v.view(np.int8)), "is I8 [512, 64], the metadata asks for U8"),
    ("int2", tensor(WQKV, lambda v: v[:-1]), "is U8 [511, 64], the metadata asks for U8 [512, 64]"),
    ("int2", tensor(WQKV, first_byte(0)), "codes that stand for no ternary weight in 4 places"),
    ("int2", scale(f"{WQKV}_scale", 1, 0x7FC0), "has the scale nan; a scale is a finite number"),
    ("int2", scale(f"{WQKV}_scale", 2, 0x0001), "has the scale 9.18355e-41; a scale is"),
    ("int2", scale(f"{WQKV}_scale", 0, 0xBF80), "has the scale -1; a scale is"),
    ("int2", scale(f"{WQKV}_scale", 3, 0x3F80), "has 1 behind its 3 scales, where 0 belongs"),
    ("int2", scale(f"{WQKV}_scale", 3, 0x7FC0), "has nan behind its 3 scales, where 0 belongs"),
    ("tl1", put(ATTN_Q, "parameters", "bmm", 48), "parameters: bmm = 48"),
    ("tl1", put(ATTN_Q, "parameters", "bk", 0), "parameters: bk = 0"),
    ("tl1", put(ATTN_Q, "parameters", "bm", 96), "n = 256 is no multiple of 96, bm, the rows"),
    ("tl1", put(ATTN_Q, "parameters", {"bm": 32, "bmm": 32}), "parameters: bk: missing; add it"),
    ("tl1", tensor(ATTN_Q, first_byte(0x9F)), "stand for no ternary weight in 2 places"),
    ("tl1", scale(f"{ATTN_Q}_scale", 0, 0), "has the scale 0; a scale is"),
    ("tl2", put(ATTN_Q, "parameters", "bk", 64), "bk = 64 is no multiple of 24"),
    ("tl2", tensor(ATTN_Q, first_byte(0xEF)), "stand for no ternary weight in 2 places"),
    (
        "tl1",
        lambda _, m: m["matrices"][ATTN_Q].update(
            parts=[{"module": "a", "rows": 128}, {"module": "b", "rows": 128}]
        ),
        "2 parts; tl1 has 1 scales for them",
    ),
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory, offline):
    folder = tmp_path_factory.mktemp("sound")
    return {label: written(folder, label, offline)[0].read_bytes() for label in LAYOUTS}


@pytest.mark.parametrize(("label", "change", "says"), FAULTS, ids=[each[2] for each in FAULTS])
def test_a_bad_file_is_refused_in_one_line(tmp_path, sound, label, change, says):
    path = tmp_path / "file.safetensors"
    path.write_bytes(sound[label])
    rewrite(path, lambda tensors, metadata: None)
    assert len(list(read_layout(path))) == 14
    rewrite(path, change)
    with pytest.raises(BitsimError) as caught:
        list(read_layout(path))
    line = str(caught.value)
    assert says in line
    assert line.startswith(str(path))
    assert len(line.splitlines()) == 1


def test_faults_of_the_header_come_before_any_matrix(tmp_path, offline):
    path, _ = written(tmp_path, "int2", offline)
    rewrite(path, lambda tensors, _: tensors.pop(f"{W2}_scale"))
    with pytest.raises(BitsimError, match="is missing"):
        read_layout(path)


def test_comparison_names_what_is_different(tmp_path, offline):
    path, _ = written(tmp_path, "int2", offline)
    source = open_source(str(offline))

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
        compare_layout(open_source(str(offline)), path)


@pytest.mark.parametrize("label", LAYOUTS)
def test_memory_does_not_grow_with_the_layers(tmp_path, label):
    def peak_bytes(layers):
        folder = tmp_path / str(layers)
        folder.mkdir()
        (folder / "small.toml").write_text(SHAPE.replace("layers = 2", f"layers = {layers}"))
        write_checkpoint(plan_checkpoint(str(folder / "small.toml"), 5, folder / "made"))
        tracemalloc.start()
        path, _ = written(folder, label, folder / "made")
        for _ in read_layout(path):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak_bytes(1)
    assert peak_bytes(12) < peak_bytes(2) + 400_000  # 10 layers more have 1.5 MB of weights


@settings(derandomize=True, deadline=None, max_examples=150)
@given(place=st.integers(0, 2500), byte=st.integers(0, 255), label=st.sampled_from(list(LAYOUTS)))
def test_a_changed_byte_of_the_header_is_refused_or_does_not_matter(
    sound, tmp_path_factory, place, byte, label
):
    raw = bytearray(sound[label])
    raw[place] = byte
    path = tmp_path_factory.mktemp("changed") / "file.safetensors"
    path.write_bytes(raw)
    try:
        found = list(read_layout(path))
    except BitsimError as error:
        lines = str(error).splitlines()
        assert lines and all(line.startswith(str(path)) and line.isprintable() for line in lines)
    else:
        assert len(found) == 14  # a name is another one, or heads are counted otherwise
