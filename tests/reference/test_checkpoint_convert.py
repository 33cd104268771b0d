"""A checkpoint in another form is the same network: weight for weight, logit for logit."""

import filecmp
import json
import shutil
from itertools import pairwise
from pathlib import Path

import gguf
import numpy as np
import pytest

from bitsim.errors import BitsimError, CheckFailedError
from bitsim.reference import gguf_names
from bitsim.reference.conversion import FORMS, compare, plan_conversion, write_conversion
from bitsim.reference.conversion.to_gguf import promised_tensors
from bitsim.reference.gguf_writer import GgufPlan
from bitsim.reference.load import load_network
from bitsim.reference.random_bits import to_bf16
from bitsim.spec import catalog
from bitsim.trace.tensorfile import open_tensors, write_tensors
from tests.reference import gguf_writer as w
from tests.reference.test_checkpoint_make import SHAPE, made
from tests.reference.test_gguf_network import embedding_of, write_by_package

WIDE = SHAPE.replace("= 120", "= 256").replace("= 252", "= 512").replace("heads = 6", "heads = 4")
IDS = np.random.default_rng(0).integers(0, 64, 17)
SUFFIX = {"safetensors": "", "i2_s": ".gguf", "tq2_0": ".gguf"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A packed folder of 256-wide rows, with a head of its own and two ids that end a text."""
    place = tmp_path_factory.mktemp("source")
    text = WIDE.replace("tied_head = true", "tied_head = false").replace("[1]", "[1, 7]")
    (place / "wide.toml").write_text(text)
    return made(place / "wide", str(place / "wide.toml"))


def converted(source, form, out, f16=False):
    plan = plan_conversion(str(source), form, out, f16)
    write_conversion(plan)
    assert compare(plan) == 7 * plan.source.spec.layers
    return plan


def logits(network):
    return network.forward(IDS, network.empty_cache(IDS.size), all_logits=True)


def matrices(network):
    return [
        (matrix.name, matrix.digest, np.float32(matrix.scale))
        for layer in network.layers
        for product in layer.products
        for matrix in product
    ]


def assert_same_network(ours, theirs):
    """In every ternary weight and scale, and in every bit of the logits."""
    assert matrices(ours) == matrices(theirs)
    assert len(matrices(ours)) == 7 * theirs.spec.layers
    assert logits(ours).tobytes() == logits(theirs).tobytes()
    other = {"name", "note", "linear_class", "quantization_mode", "statistics"}
    assert ours.spec.model_dump(exclude=other) == theirs.spec.model_dump(exclude=other)


def same_tensors(ours, theirs):
    """Two safetensors files: names, types, shapes and bytes."""
    ours, theirs = open_tensors(ours), open_tensors(theirs)
    assert sorted(ours.names) == sorted(theirs.names)
    for name in ours.names:
        assert ours.dtype(name) == theirs.dtype(name), name
        assert ours.shape(name) == theirs.shape(name), name
        assert ours.tensor(name).tobytes() == theirs.tensor(name).tobytes(), name


@pytest.mark.parametrize("second", FORMS)
@pytest.mark.parametrize("first", FORMS)
def test_every_form_becomes_every_form_bit_for_bit(tmp_path, folder, first, second):
    source = load_network(str(folder))
    middle, last = tmp_path / f"first{SUFFIX[first]}", tmp_path / f"second{SUFFIX[second]}"
    converted(folder, first, middle)
    converted(middle, second, last)
    assert_same_network(load_network(str(middle)), source)
    assert_same_network(load_network(str(last)), source)
    if second == "safetensors":
        written = (last / "model.safetensors").read_bytes()
        assert written == (folder / "model.safetensors").read_bytes()
        assert (last / "config.json").read_bytes() == (folder / "config.json").read_bytes()


@pytest.mark.parametrize("case", ["offline", "untied", "float32"])
def test_a_file_that_transformers_read_comes_back_from_gguf_as_it_was(tmp_path, case):
    """transformers' logits of these files are recorded: tests/golden/hf/record.py."""
    source = w.GOLDEN / case
    converted(source, "i2_s", tmp_path / "there.gguf")
    converted(tmp_path / "there.gguf", "safetensors", tmp_path / "back")
    same_tensors(tmp_path / "back" / "model.safetensors", source / "model.safetensors")
    written = json.loads((tmp_path / "back" / "config.json").read_text())
    golden = json.loads((source / "config.json").read_text())
    assert {key: written[key] for key in golden} == golden


def test_shards_become_one_file(tmp_path):
    converted(w.GOLDEN / "untied_in_shards", "safetensors", tmp_path / "one")
    same_tensors(tmp_path / "one" / "model.safetensors", w.GOLDEN / "untied" / "model.safetensors")


def test_scales_that_divide_become_scales_that_multiply(tmp_path):
    source = load_network(str(w.GOLDEN / "bitlinear"))
    plan = converted(w.GOLDEN / "bitlinear", "safetensors", tmp_path / "out")
    assert_same_network(load_network(str(tmp_path / "out")), source)
    assert "scales are written as F32" in plan.notes[0]
    file = open_tensors(tmp_path / "out" / "model.safetensors")
    old = open_tensors(w.GOLDEN / "bitlinear" / "model.safetensors")
    for name, _, _ in matrices(source):
        divisor = w.widened(old.tensor(f"{name}.weight_scale"))[0]
        assert file.tensor(f"{name}.weight_scale")[0] == np.float32(1 / np.float64(divisor))


def master(folder):
    """A bf16 master of the wide shape, online."""
    rng = np.random.default_rng(3)
    network = load_network(str(folder))
    tensors = {}
    old = open_tensors(folder / "model.safetensors")
    for name in old.names:
        if old.dtype(name) == "BF16" and not name.endswith("_scale"):
            tensors[name] = old.tensor(name)
    for name, _, _ in matrices(network):
        rows, k = old.shape(f"{name}.weight")
        tensors[f"{name}.weight"] = to_bf16(rng.normal(0, 1.3, (4 * rows, k)))
    out = folder.parent / "master"
    out.mkdir()
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"]["quantization_mode"] = "online"
    (out / "config.json").write_text(json.dumps(config))
    write_tensors(out / "model.safetensors", tensors, bf16=tensors)
    return out


def test_a_bf16_master_is_ternarised_and_f16_does_not_hold_its_scales(tmp_path, folder):
    online = master(folder)
    source = load_network(str(online))
    for form in ("safetensors", "i2_s"):
        out = tmp_path / f"out{SUFFIX[form]}"
        converted(online, form, out)
        assert_same_network(load_network(str(out)), source)
    with pytest.raises(BitsimError) as caught:
        plan_conversion(str(online), "tq2_0", tmp_path / "no.gguf")
    scale = matrices(source)[0][2]
    assert str(caught.value) == (
        f"blk.0.attn_q.weight: its scale {float(scale)!r} is no number of F16, which TQ2_0 has; "
        f"convert to i2_s, whose scale is F32"
    )
    assert not (tmp_path / "no.gguf").exists()


def check_keys(field, spec):
    """The keys that bitnet.cpp's loader asks for, by their published types."""
    a = "bitnet-b1.58"
    expected = {
        f"{a}.vocab_size": spec.vocab_size,
        f"{a}.context_length": spec.max_context,
        f"{a}.embedding_length": spec.hidden_size,
        f"{a}.block_count": spec.layers,
        f"{a}.feed_forward_length": spec.intermediate_size,
        f"{a}.rope.dimension_count": spec.head_dim,
        f"{a}.attention.head_count": spec.heads,
        f"{a}.attention.head_count_kv": spec.kv_heads,
        "general.alignment": 32,
        "general.quantization_version": 2,
        "tokenizer.ggml.bos_token_id": 0,
        "tokenizer.ggml.eos_token_id": 1,
        "tokenizer.ggml.eot_token_id": 7,
    }
    for key, value in expected.items():
        assert field(key).types == [gguf.GGUFValueType.UINT32], key
        assert field(key).contents() == value, key
    for key, value in (
        (f"{a}.attention.layer_norm_rms_epsilon", spec.rms_norm_eps),
        (f"{a}.rope.freq_base", spec.rope_theta),
    ):
        assert field(key).types == [gguf.GGUFValueType.FLOAT32], key
        assert field(key).contents() == np.float32(value)
    assert field("general.architecture").contents() == a
    assert field("general.name").contents() == "wide"
    assert field("tokenizer.ggml.model").contents() == "no_vocab"


def names_of(network):
    """GGUF's names of the matrices, by the table of the test's own writer."""
    names = {}
    for index in range(network.spec.layers):
        for own, module in w.MODULES.items():
            names[f"model.layers.{index}.{module}"] = f"blk.{index}.{own}.weight"
    return names


def check_floats(tensors, folder, spec):
    """Embedding and head in BF16, gains in F32, all as in the folder."""
    old = open_tensors(folder / "model.safetensors")
    pairs = {"token_embd": "model.embed_tokens", "output": "lm_head", "output_norm": "model.norm"}
    for index in range(spec.layers):
        for own, norm in w.NORMS.items():
            pairs[f"blk.{index}.{own}"] = f"model.layers.{index}.{norm}"
    for own, name in pairs.items():
        bits, tensor = old.tensor(f"{name}.weight"), tensors[f"{own}.weight"]
        kind = "F32" if own.endswith("norm") else "BF16"
        assert tensor.tensor_type.name == kind
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        assert np.array_equal(values, w.widened(bits))
    return len(pairs)


def test_the_gguf_package_reads_tq2_0_and_every_value_of_it(tmp_path, folder):
    path = tmp_path / "out.gguf"
    converted(folder, "tq2_0", path)
    network, reader = load_network(str(folder)), gguf.GGUFReader(path)
    check_keys(reader.get_field, network.spec)
    assert reader.get_field("general.file_type").contents() == gguf.LlamaFileType.MOSTLY_TQ2_0
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    names = names_of(network)
    for layer in network.layers:
        for matrix in (each for product in layer.products for each in product):
            tensor = tensors[names[matrix.name]]
            assert tensor.tensor_type == gguf.GGMLQuantizationType.TQ2_0
            assert tensor.shape.tolist() == [matrix.k, matrix.n]
            values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            assert np.array_equal(values, matrix.unpack() * np.float32(matrix.scale))
    assert len(tensors) == len(names) + check_floats(tensors, folder, network.spec)


class TypesAndI2S:
    """The package's enum, and 36 as itself."""

    def __call__(self, number):
        return number if number == 36 else gguf.GGMLQuantizationType(number)

    def __getattr__(self, name):
        return getattr(gguf.GGMLQuantizationType, name)


def test_the_gguf_package_finds_every_tensor_of_i2_s_once_told_its_size(
    tmp_path, folder, monkeypatch
):
    path = tmp_path / "out.gguf"
    converted(folder, "i2_s", path)
    module = gguf.gguf_reader
    sizes = {**module.GGML_QUANT_SIZES, 36: (128, 32)}  # the tail of 32 bytes apart
    monkeypatch.setattr(module, "GGMLQuantizationType", TypesAndI2S())
    monkeypatch.setattr(module, "GGML_QUANT_SIZES", sizes)
    shape_of = module.quant_shape_to_byte_shape
    monkeypatch.setattr(
        module,
        "quant_shape_to_byte_shape",
        lambda shape, kind: (*shape[:-1], shape[-1] // 4) if kind == 36 else shape_of(shape, kind),
    )
    reader = gguf.GGUFReader(path)
    network, raw = load_network(str(folder)), path.read_bytes()
    check_keys(reader.get_field, network.spec)
    assert reader.get_field("general.file_type").contents() == 40
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    names = names_of(network)
    for layer in network.layers:
        for matrix in (each for product in layer.products for each in product):
            tensor = tensors[names[matrix.name]]
            assert tensor.shape.tolist() == [matrix.k, matrix.n]
            stored = np.frombuffer(raw, np.uint8, tensor.n_bytes, tensor.data_offset)
            codes = np.stack([stored.reshape(-1, 32) >> shift & 3 for shift in (6, 4, 2, 0)], 1)
            weights = codes.reshape(matrix.n, matrix.k).astype(np.int8) - 1
            assert np.array_equal(weights, matrix.unpack())
            tail = raw[tensor.data_offset + tensor.n_bytes :][:32]
            assert np.frombuffer(tail, "<f4").tolist() == [matrix.scale] + 7 * [0]
    by_place = sorted(reader.tensors, key=lambda tensor: tensor.data_offset)
    for one, other in pairwise(by_place):
        end = one.data_offset + one.n_bytes + (32 if one.tensor_type == 36 else 0)
        assert other.data_offset == -(-end // 32) * 32
    plain = {name: each for name, each in tensors.items() if each.tensor_type != 36}
    assert len(tensors) == len(names) + check_floats(plain, folder, network.spec)


def test_the_published_i2_s_file_has_these_tensor_bytes():
    spec = catalog.load_network_spec("bitnet-b1.58-2b-4t")
    promised = promised_tensors(spec, "I2_S", {"model.embed_tokens.weight": "F16"})
    assert len(promised) == 332
    assert GgufPlan(Path("2b"), {}, promised).tensor_bytes == 1_179_449_920
    tq2_0 = promised_tensors(spec, "TQ2_0", {"model.embed_tokens.weight": "F16"})
    more = 2_084_044_800 // 256 * 66 - 2_084_044_800 // 4 - 210 * 32
    assert GgufPlan(Path("2b"), {}, tq2_0).tensor_bytes == 1_179_449_920 + more


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q8_0", "Q6_K"])
def test_embeddings_are_kept_as_they_are_between_ggufs_and_exactly_in_safetensors(tmp_path, kind):
    kind = gguf.GGMLQuantizationType[kind]
    raw, values = embedding_of(kind, np.random.default_rng(7))
    source = tmp_path / "source.gguf"
    write_by_package(source, gguf.GGMLQuantizationType.TQ2_0, (kind, raw), np.random.default_rng(8))
    network = load_network(str(source))
    for form in ("i2_s", "tq2_0"):
        out = tmp_path / f"{form}.gguf"
        converted(source, form, out)
        assert_same_network(load_network(str(out)), network)
        if form == "tq2_0":
            tensor = next(t for t in gguf.GGUFReader(out).tensors if t.name == "token_embd.weight")
            assert tensor.tensor_type == kind
            assert tensor.data.tobytes() == raw.tobytes()
    plan = converted(source, "safetensors", tmp_path / "folder")
    assert "written as F32, exactly" in plan.notes[0]  # the gains are no bf16
    file = open_tensors(tmp_path / "folder" / "model.safetensors")
    assert {file.dtype(name) for name in file.names} == {"F32", "U8"}
    assert np.array_equal(file.tensor("model.embed_tokens.weight"), values)
    config = json.loads((tmp_path / "folder" / "config.json").read_text())
    assert config["torch_dtype"] == "float32"
    assert_same_network(load_network(str(tmp_path / "folder")), network)


def with_tensor(folder, out, name, change):
    """A copy of a packed folder, one tensor of it changed."""
    out.mkdir()
    (out / "config.json").write_bytes((folder / "config.json").read_bytes())
    old = open_tensors(folder / "model.safetensors")
    tensors = {each: old.tensor(each) for each in old.names}
    tensors[name] = change(tensors[name].copy())
    bf16 = {each for each in old.names if old.dtype(each) == "BF16"}
    write_tensors(out / "model.safetensors", tensors, {"format": "pt"}, bf16)
    return out


def small_values(bits):
    bits[3, ::5] = to_bf16(np.array([1.2345e-6]))  # F16 has fewer bits there
    bits[4, 2] = to_bf16(np.array([1e-30]))[0]
    return bits


def test_an_f16_embedding_that_was_bf16_is_bf16_again(tmp_path, folder):
    source = with_tensor(folder, tmp_path / "small", "lm_head.weight", small_values)
    plan = converted(source, "i2_s", tmp_path / "f16.gguf", f16=True)
    old = open_tensors(source / "model.safetensors")
    tables = [w.widened(old.tensor(f"{n}.weight")) for n in ("model.embed_tokens", "lm_head")]
    changed = sum(int((table.astype(np.float16) != table).sum()) for table in tables)
    assert plan.rounded == changed == 53
    assert "bitnet.cpp takes the embedding as head too" in plan.notes[0]
    assert f"{changed} values of embedding and head are changed" in plan.notes[1]
    back = converted(tmp_path / "f16.gguf", "safetensors", tmp_path / "back")
    file = open_tensors(tmp_path / "back" / "model.safetensors")
    assert file.dtype("lm_head.weight") == "BF16"
    rounded = tables[1].astype(np.float16).astype(np.float32)
    assert np.array_equal(w.widened(file.tensor("lm_head.weight")), rounded)
    assert back.rounded == 0


def test_ternary_weights_of_tq1_0_and_a_scale_of_its_own_are_carried_over(tmp_path):
    rng = np.random.default_rng(9)
    embedding = gguf.GGMLQuantizationType.F32, np.ones((64, 256), np.float32)
    source = tmp_path / "source.gguf"
    write_by_package(source, gguf.GGMLQuantizationType.TQ1_0, embedding, rng, own_scale=0.3)
    for form in ("i2_s", "safetensors"):
        converted(source, form, tmp_path / f"out{SUFFIX[form]}")
        out = load_network(str(tmp_path / f"out{SUFFIX[form]}"))
        assert_same_network(out, load_network(str(source)))


def test_a_matrix_of_zeros_keeps_its_scale(tmp_path, folder):
    name = "model.layers.1.mlp.down_proj.weight"
    zeros = with_tensor(folder, tmp_path / "zeros", name, lambda bits: np.full_like(bits, 0x55))
    converted(zeros, "tq2_0", tmp_path / "zeros.gguf")
    converted(tmp_path / "zeros.gguf", "safetensors", tmp_path / "back")
    same_tensors(tmp_path / "back" / "model.safetensors", zeros / "model.safetensors")


def flipped(path, at):
    raw = bytearray(path.read_bytes())
    raw[at] ^= 0x08
    path.write_bytes(raw)


@pytest.mark.parametrize(
    ("name", "at", "says"),
    [
        ("blk.1.ffn_up.weight", 5, "mlp.up_proj, its codes"),
        ("blk.0.attn_k.weight", -31, "self_attn.k_proj, its scale"),
        ("token_embd.weight", 700, "model.embed_tokens.weight"),
        ("output.weight", -2, "lm_head.weight"),
        ("blk.1.ffn_sub_norm.weight", 9, "ffn_sub_norm.weight"),
    ],
)
def test_one_bit_that_differs_in_the_result_is_found(tmp_path, folder, name, at, says):
    path = tmp_path / "out.gguf"
    plan = plan_conversion(str(folder), "i2_s", path)
    write_conversion(plan)
    offset = len(plan.plan.header())
    for own, promise in plan.plan.promised.items():
        if own == name:
            break
        offset += -(-promise.nbytes // 32) * 32
    raw = path.read_bytes()
    place = offset + (at if at >= 0 else promise.nbytes + at)
    if "codes" in says:  # 0 and 2 of a pair of bits: another weight, and not the reserved one
        raw = bytearray(raw)
        raw[place] = 0x55 if raw[place] != 0x55 else 0x56
        path.write_bytes(raw)
    else:
        flipped(path, place)
    with pytest.raises(CheckFailedError) as caught:
        compare(plan)
    assert says in str(caught.value)
    assert "differs from the source; do not use it" in str(caught.value)


def test_names_of_both_worlds_are_those_of_the_tests_own_writer():
    for own, module in w.MODULES.items():
        assert gguf_names.matrix_name(f"model.layers.12.{module}") == f"blk.12.{own}.weight"
    for own, norm in w.NORMS.items():
        assert gguf_names.float_name(f"model.layers.3.{norm}.weight") == f"blk.3.{own}.weight"


@pytest.mark.full
def test_the_2b_dimensions_go_round_all_forms_and_come_back_as_they_were(tmp_path):
    folder = made(tmp_path / "2b", "bitnet-b1.58-2b-4t")
    converted(folder, "i2_s", tmp_path / "a.gguf")
    converted(tmp_path / "a.gguf", "tq2_0", tmp_path / "b.gguf")
    (tmp_path / "a.gguf").unlink()
    converted(tmp_path / "b.gguf", "safetensors", tmp_path / "back")
    (tmp_path / "b.gguf").unlink()
    files = [each / "model.safetensors" for each in (folder, tmp_path / "back")]
    assert filecmp.cmp(*files, shallow=False)
    plan = converted(folder, "i2_s", tmp_path / "f16.gguf", f16=True)
    size = (tmp_path / "f16.gguf").stat().st_size
    assert size == len(plan.plan.header()) + 1_179_449_920  # tensors of the published file
    shutil.rmtree(tmp_path)
